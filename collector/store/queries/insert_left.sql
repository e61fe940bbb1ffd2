-- The same, to be kept.
insert into left_kept by name
with part as materialized (
    select place from places where hash(trace_id) % $parts = $part
)
from unrolled_departures('anew', 'part', $from, $to)
