-- Departures that were rolled up and whose trace got or lost a span around them since.
select d.trace_id, d.span_id, d.time
from rollup_departures d
semi join outdated_near('anew', $first, $last) o on o.place = d.rowid
where d.time >= $first and d.time <= $last
