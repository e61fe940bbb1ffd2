-- Erasure: of traces that have no span left there is nothing to roll up.
delete from rollup_dirty
where trace_id in (select trace_id from traced_spans where erased)
    and trace_id not in (select trace_id from traced_spans where not erased)
