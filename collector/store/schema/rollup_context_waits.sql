-- How long people waited, by what else rollup_contexts counts by; nearly each is another, so that those that
-- are counted by are few columns.
create table rollup_context_waits (
    day date not null,
    received date not null,
    source integer not null,
    context integer not null,
    network varchar not null,
    wait_step integer not null,
    n bigint not null
)
