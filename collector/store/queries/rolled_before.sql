-- Departures that were rolled up of traces that got or lost a span since.
select d.trace_id, d.span_id, d.time
from rollup_departures d
semi join unrolled($last) u on u.trace_id = d.trace_id
