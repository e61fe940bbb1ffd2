-- Of traces without any span left there is nothing to roll up.
delete from rollup_dirty
where trace_id not in (
    select s.trace_id
    from span_facts s
    semi join rollup_dirty d on d.trace_id = s.trace_id
    where s.time >= $first and s.time <= $last
)
