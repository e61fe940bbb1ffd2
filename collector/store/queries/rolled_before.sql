-- Departures that were rolled up and whose trace got or lost a span around them since.
with anew as materialized (
    from unrolled($last)
)
select d.trace_id, d.span_id, d.time
from rollup_departures d
semi join anew u on u.trace_id = d.trace_id and d.time between u.earliest and u.latest
where d.time >= (select min(earliest) from anew)
