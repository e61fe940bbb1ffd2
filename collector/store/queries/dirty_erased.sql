-- The traces in `erased_traces` lose spans.
insert into rollup_dirty select trace_id from erased_traces
