-- How long people waited, by what rollup_contexts counts by. Nearly every request waited another number of
-- steps, so that nearly each has a row of its own here: of few columns.
create table rollup_context_waits (
    day date not null,
    received date not null,
    source integer not null,
    context integer not null,
    network varchar not null,
    wait_step integer not null,
    n bigint not null
)
