-- What varies from span to span, first copy only; `spans` is the view to ask. No key and no index:
-- duplicates are kept out by the writer. Times are nanoseconds since 1970 UTC; ids and pseudonyms
-- are raw bytes. `start_time` is the device's own where it was not believed, else null: it is
-- `time` then. `commit_number` grows with every transaction. `trace` is a hash of `trace_id`: a look for
-- numbers passes over the rows that it does not need, one for bytes reads them all.
create table span_facts (
    commit_number bigint not null,
    source integer not null,
    context integer not null,
    trace_id blob not null,
    trace ubigint not null,
    span_id blob not null,
    parent_span_id blob,
    time bigint not null,
    start_time ubigint,
    duration bigint,
    received_time bigint not null,
    installation blob,
    launch blob,
    session blob,
    confidence double,
    input_digest varchar,
    input_size bigint,
    output_label varchar,
    scores float[],
    scores_labels varchar[],
    sequence bigint,
    user_correction varchar,
    http_request_size bigint,
    http_request_body_size bigint,
    egress_bytes bigint,
    gen_ai_input_tokens bigint,
    gen_ai_output_tokens bigint,
    attributes map(varchar, varchar)
)
