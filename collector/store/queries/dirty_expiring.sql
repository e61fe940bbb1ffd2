-- Traces that are rolled up and lose spans by retention; of one feature where `feature` is not null.
insert into rollup_dirty
select distinct d.trace_id, false
from rollup_departures d
semi join (
    select trace_id
    from span_facts
    where received_time < $before
        and (
            $feature is null
            or context in (select number from span_contexts where feature = $feature)
        )
) s on s.trace_id = d.trace_id
