-- What is in `observed`, with when it was seen first and last, its first three traces on the day on which
-- it was seen first, and whether another size of body arrived than left: of what is told by sums as it was
-- `looked_up`. And Limen's own.
with seen as (
    select number, first, last, earliest
    from looked_up
    union all
    select
        e.number,
        min(d.time),
        max(d.time),
        arg_min({time: d.time, trace_id: d.trace_id}, d.time, 3) filter (where e.opens)
    from fresh_departures d
    join edges e
        on e.kind = d.kind and e.source = d.source and e.day = day_of(d.time)
        and e.differs = coalesce(d.bytes <> d.bytes_received, false)
    where d.time >= $first_day and d.time < midnight($to)
    group by e.number
    union all
    select
        number,
        min(first),
        max(last),
        flatten(list(list_filter(earliest, lambda one: day_of(one.time) = begins)))
    from observed
    where first is not null
    group by number
),
counted as (
    select
        number,
        any_value(what) as what,
        cast(sum(transfers) as bigint) as transfers,
        cast(sum(bytes) as bigint) as bytes
    from observed
    group by number
),
own as (
    select
        {
            app: app,
            release: release,
            feature: any_value(feature),
            system: any_value(os),
            leg: any_value(leg),
            destination: any_value(destination),
            region: any_value(region),
            role: any_value(role),
            category: category,
            purpose: any_value(purpose),
            consent: any_value(consent),
            consent_version: cast(null as varchar),
            granted_later: any_value(granted_later),
            granted_otherwise: any_value(granted_otherwise),
            declared: cast(null as boolean),
            retained: any_value(retained),
            trained_on: any_value(trained_on),
            asked: false,
            in_clear: false,
            differs: false
        } as what,
        count(*) as transfers,
        cast(sum(bytes) as bigint) as bytes,
        min(time) as first,
        max(time) as last,
        cast([] as varchar[]) as traces
    from own_departures($from, $to)
    where ($app is null or app = $app)
        and ($environment is null or environment = $environment)
        and ($release is null or release = $release)
    group by app, release, category
),
told as (
    select
        any_value(c.what) as what,
        any_value(c.transfers) as transfers,
        any_value(c.bytes) as bytes,
        min(s.first) as first,
        max(s.last) as last,
        list_transform(
            list_sort(flatten(list(s.earliest)))[1:3], lambda one: lower(hex(one.trace_id))
        ) as traces
    from counted c
    join seen s on s.number = c.number
    group by c.number
    having any_value(c.transfers) <> 0
    union all by name
    from own
)
select unnest(what), * exclude (what) from told order by what
