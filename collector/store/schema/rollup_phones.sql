-- The same as rollup_requests by installation, of a sample of installations, each with all its
-- requests (sample.sql), and of requests of none.
create table rollup_phones (
    day date not null,
    installation blob,
    app varchar not null,
    environment varchar not null,
    feature varchar not null,
    release varchar,
    os varchar not null,
    network varchar not null,
    model varchar not null,
    placement varchar,
    decision varchar not null,
    reason varchar,
    blocked_reason varchar,
    n bigint not null
)
