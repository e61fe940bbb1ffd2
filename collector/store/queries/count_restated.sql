-- How many departures may be rolled up under another consent than they left under, by the beginning
-- (ns) of their day.
select d.time - d.time % 86400000000000 as day, count(*) as departures
from rollup_departures d
semi join restated(null) r on r.installation = d.consenting and d.time >= r.earliest
where d.time >= (select min(earliest) from restated(null))
group by day
order by day
