-- The traces in `erased_traces` lose spans.
insert into rollup_dirty select trace_id, false from erased_traces
