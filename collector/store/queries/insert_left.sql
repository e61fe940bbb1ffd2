-- The same, to be kept.
insert into left_kept by name
from unrolled_departures('anew', 'places', $parts, $part, $from, $to)
