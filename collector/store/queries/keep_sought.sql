-- What is in `observed` whose sightings are sought, by $sightings, a number of $numbers each; it begins and
-- ends on the days on which any of the same sighting did. For as long as the connection lasts.
create temp table sought as
select
    s.sighting,
    o.* exclude (what, number, transfers, bytes),
    min(o.first_day) over (partition by s.sighting) as begins,
    max(o.last_day) over (partition by s.sighting) as ends
from observed o
join (select unnest($sightings) as sighting, unnest($numbers) as number) s on s.number = o.number
