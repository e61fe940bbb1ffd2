-- How long people waited, by day and by fewer dimensions than rollup_requests; else the same.
create table rollup_waits (
    day date not null,
    received date not null,
    app varchar not null,
    environment varchar not null,
    feature varchar not null,
    release_said varchar,
    os varchar not null,
    network varchar not null,
    model varchar not null,
    decision varchar not null,
    wait_step integer not null,
    n bigint not null
)
