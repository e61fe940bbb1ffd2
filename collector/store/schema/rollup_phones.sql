-- The same as rollup_requests by installation, wait and confidence, of a sample of installations, each
-- with all its requests (sample.sql), and of requests of none.
create table rollup_phones (
    day date not null,
    received date not null,
    installation blob,
    session blob,
    app varchar not null,
    environment varchar not null,
    feature varchar not null,
    release_said varchar,
    os varchar not null,
    network varchar not null,
    model varchar not null,
    placement_said varchar,
    decision varchar not null,
    reason varchar,
    country varchar not null,
    device_model varchar not null,
    threshold double,
    confidence double,
    wait_step integer,
    n bigint not null,
    numbered bigint not null
)
