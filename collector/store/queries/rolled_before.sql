-- Traces that were rolled up and got a span since.
select d.trace_id, min(d.time) as first, max(d.time) as last
from rollup_departures d
semi join unrolled($last) u on u.trace_id = d.trace_id
group by d.trace_id
