-- One part of the departures of [since, until) that may be rolled up under another consent than they
-- left under, up to a transaction.
select *
from restated_departures($since, $until, $last, $parts, $part)
