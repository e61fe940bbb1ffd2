-- The departures in `fresh`, which began in a range, are about to go: rollup_{table} loses them.
insert into rollup_{table} by name
with gone as (
    select *
    from rolled_singly
    where time between $first and $last
        and (trace_id, span_id) in (select (trace_id, span_id) from fresh)
)
from summed_{table}('gone', -1)
