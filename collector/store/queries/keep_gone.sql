-- What was rolled up of traces that lost a span around it, which is about to go.
create temp table gone as
with lost as (
    select d.*, d.rowid as place
    from rollup_departures d
    semi join rollup_dirty u on u.trace_id = d.trace_id and d.time between u.earliest and u.latest
    where d.time >= $first and d.time <= $last
)
from summable('lost')
