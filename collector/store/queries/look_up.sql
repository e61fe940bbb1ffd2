-- Looks for the `edges` that are not `looked_up` within a $window (ns) from the start of a first day,
-- "opening", and before the end of a last one, "closing": of what has its first three there and its last,
-- nothing else needs to be read. Within whole days it is all that there is.
insert into looked_up
with left_over as materialized (
    from edges where sighting not in (select sighting from looked_up)
),
opened as (
    select
        e.sighting,
        min(d.time) as first,
        arg_min({time: d.time, trace_id: d.trace_id}, d.time, 3) as earliest
    from rollup_departures d
    anti join outdated o on o.place = d.rowid
    join (from left_over where opens) e
        on e.kind = d.kind and e.source = d.source and e.day = day_of(d.time)
        and e.differs = coalesce(d.bytes <> d.bytes_received, false)
    where d.time >= $first_day and d.time < midnight($to) and ({opening})
    group by e.sighting
),
-- Of these only when it was, which is read in half the time.
closed as (
    select e.sighting, max(d.time) as last
    from rollup_departures d
    anti join outdated o on o.place = d.rowid
    join (from left_over where closes) e
        on e.kind = d.kind and e.source = d.source and e.day = day_of(d.time)
        and e.differs = coalesce(d.bytes <> d.bytes_received, false)
    where d.time >= $first_day and d.time < midnight($to) and ({closing})
    group by e.sighting
)
select coalesce(o.sighting, c.sighting) as sighting, o.first, c.last, o.earliest
from opened o
full join closed c on c.sighting = o.sighting
where $window >= 86400000000000 or (len(o.earliest) = 3 and c.last is not null)
