-- One part of what left in a period of the traces that are kept.
with part as materialized (
    select place from places where hash(trace_id) % $parts = $part
)
from unrolled_departures('anew', 'part', $from, $to)
