-- Traces that are rolled up and lose spans by retention; of one feature where `feature` is not null.
insert into rollup_dirty by name
with expiring as materialized (
    select trace_id, min(time) - apart() as earliest, max(time) + apart() as latest
    from span_facts
    where received_time < $before
        and (
            $feature is null
            or context in (select number from span_contexts where feature = $feature)
        )
    group by trace_id
)
select *, false as given_up
from expiring e
semi join (
    select trace_id
    from rollup_departures
    where time >= (select min(earliest) from expiring) and time <= (select max(latest) from expiring)
) d on d.trace_id = e.trace_id
