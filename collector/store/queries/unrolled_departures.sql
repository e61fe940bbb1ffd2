-- One part of the departures that rollup_departures does not cover, up to a transaction.
select *
from unrolled_departures(-9223372036854775807, 9223372036854775807, null, $last, $parts, $part)
