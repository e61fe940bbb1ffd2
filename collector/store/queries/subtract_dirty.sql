-- What was rolled up of traces that lost a span around it is about to go: rollup_{table} loses it.
insert into rollup_{table} by name
with gone as (
    select *
    from rolled_singly d
    where time >= (select min(earliest) from rollup_dirty)
        and time <= (select max(latest) from rollup_dirty)
        and exists (
            select * from rollup_dirty u
            where u.trace_id = d.trace_id and d.time between u.earliest and u.latest
        )
)
from summed_{table}('gone', -1)
