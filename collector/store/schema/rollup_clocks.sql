-- What spans say of the clocks of phones, of the sample of installations (sample.sql), copied narrow:
-- `call` (span_clocks.sql) of the client spans; the others as in span_facts.
create table rollup_clocks (
    time bigint not null,
    start_time ubigint,
    duration bigint,
    received_time bigint not null,
    installation blob not null,
    source integer not null,
    context integer not null,
    call ubigint
)
