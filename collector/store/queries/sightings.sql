-- When what is `sought` was seen first and last, and its first three traces on the day on which it was seen
-- first: of what is told by sums as it was `looked_up`.
with seen as (
    select sighting, first, last, earliest
    from looked_up
    union all
    select
        e.sighting,
        min(d.time),
        max(d.time),
        arg_min({time: d.time, trace_id: d.trace_id}, d.time, 3) filter (where e.opens)
    from fresh_departures d
    join edges e
        on e.kind = d.kind and e.source = d.source and e.day = day_of(d.time)
        and e.differs = coalesce(d.bytes <> d.bytes_received, false)
    where d.time >= $first_day and d.time < midnight($to)
    group by e.sighting
    union all
    select
        sighting,
        min(first),
        max(last),
        flatten(list(list_filter(earliest, lambda one: day_of(one.time) = begins)))
    from sought
    where first is not null
    group by sighting
)
select
    sighting,
    min(first) as first,
    max(last) as last,
    list_transform(
        list_sort(flatten(list(earliest)))[1:3], lambda one: lower(hex(one.trace_id))
    ) as traces
from seen
group by sighting
