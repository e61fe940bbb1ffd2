-- One part of the departures that are rolled up under another consent than they left under, up to a
-- transaction.
select *
from restated_departures(-9223372036854775807, 9223372036854775807, null, $last, $parts, $part)
