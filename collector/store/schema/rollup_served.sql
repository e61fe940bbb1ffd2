-- When servers worked on a `call` (span_clocks.sql), but for those of which it was known later that no
-- phone of the sample made it; else as in span_facts.
create table rollup_served (
    time bigint not null,
    start_time ubigint,
    duration bigint,
    received_time bigint not null,
    context integer not null,
    call ubigint not null
)
