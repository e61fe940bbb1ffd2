-- One part of what left in a period of the traces that are kept.
from unrolled_departures('anew', 'places', $parts, $part, $from, $to)
