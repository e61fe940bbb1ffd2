-- Erasure: of the `traced_spans` the server spans that are about to be deleted.
delete from rollup_served
where (call, time) in (
    select (call_of(trace_id, parent_span_id), time)
    from traced_spans
    where erased and parent_span_id is not null
)
