-- How many departures are rolled up under another consent than they left under, up to a transaction.
select count(*) as departures
from rollup_departures d
semi join restated($last) r on r.installation = d.consenting
