-- Looks for the `edges` that are not `looked_up` within a $window from the start of a first day and before
-- the end of a last one, which is $end at the latest: of what has its first three there and its last,
-- nothing else needs to be read. Within whole days it is all that there is.
insert into looked_up
with sought as (
    select *, least(start + 86400000000000, $end) - $window as late
    from edges
    where number not in (select number from looked_up)
),
found as (
    select
        e.number,
        min(d.time) filter (where e.opens and d.time < e.start + $window) as first,
        max(d.time) filter (where e.closes and d.time >= e.late) as last,
        arg_min({time: d.time, trace_id: d.trace_id}, d.time, 3)
            filter (where e.opens and d.time < e.start + $window) as earliest
    from rollup_departures d
    anti join outdated o on o.place = d.rowid
    join sought e
        on e.kind = d.kind and e.source = d.source and e.day = day_of(d.time)
        and e.differs = coalesce(d.bytes <> d.bytes_received, false)
    where d.time >= $first_day and d.time < midnight($to) and ({within})
    group by e.number
)
select number, first, last, earliest
from found
where $window >= 86400000000000 or (len(earliest) = 3 and last is not null)
