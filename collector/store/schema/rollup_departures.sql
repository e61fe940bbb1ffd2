-- What traced_departures said of the traces up to the transaction in rollup_state, and under which
-- consent it left; made anew from the spans whenever a trace got or lost one, and from what stands
-- here whenever the history of consent did. `source` is the number of a row of span_sources, `kind` of
-- one of rollup_kinds, `trace` as in span_facts.
create table rollup_departures (
    trace_id blob not null,
    trace ubigint not null,
    span_id blob not null,
    time bigint not null,
    received_time bigint not null,
    installation blob,
    source integer not null,
    kind integer not null,
    bytes bigint,
    bytes_received bigint,
    request blob,
    said_since bigint,
    consenting blob,
    consent_since bigint
)
