-- Looks for the `edges` that are not `looked_up` within a $window (ns) from the start of a first day,
-- "opening", and before the end of a last one, "closing": of what has its first three there and its last,
-- nothing else needs to be read. Within whole days it is all that there is.
insert into looked_up
with sought as materialized (
    from edges where number not in (select number from looked_up)
),
opened as (
    select
        e.number,
        min(d.time) as first,
        arg_min({time: d.time, trace_id: d.trace_id}, d.time, 3) as earliest
    from rollup_departures d
    anti join outdated o on o.place = d.rowid
    join (from sought where opens) e
        on e.kind = d.kind and e.source = d.source and e.day = day_of(d.time)
        and e.differs = coalesce(d.bytes <> d.bytes_received, false)
    where d.time >= $first_day and d.time < midnight($to) and ({opening})
    group by e.number
),
-- Of these only when it was, which is read in half the time.
closed as (
    select e.number, max(d.time) as last
    from rollup_departures d
    anti join outdated o on o.place = d.rowid
    join (from sought where closes) e
        on e.kind = d.kind and e.source = d.source and e.day = day_of(d.time)
        and e.differs = coalesce(d.bytes <> d.bytes_received, false)
    where d.time >= $first_day and d.time < midnight($to) and ({closing})
    group by e.number
)
select coalesce(o.number, c.number) as number, o.first, c.last, o.earliest
from opened o
full join closed c on c.number = o.number
where $window >= 86400000000000 or (len(o.earliest) = 3 and c.last is not null)
