-- Departures, counted by everything that a comparison with what is declared asks for; the first three
-- traces of each on the day it was first seen, and whether another size of body arrived than left.
-- What is rolled up is counted by its sums, and looked for one by one on two days only: the first and
-- the last on which each was seen.
with daily as materialized (
    select
        kind,
        day,
        app,
        release,
        os,
        differs,
        {
            app: app,
            release: release,
            feature: feature,
            system: split_part(os, ' ', 1),
            leg: leg,
            destination: destination,
            region: region,
            role: role,
            category: category,
            purpose: purpose,
            consent: consent,
            consent_version: consent_version,
            granted_later: granted_later,
            granted_otherwise: granted_otherwise,
            declared: declared,
            retained: retained,
            trained_on: trained_on,
            asked: coalesce(decision in ('fallback', 'cloud') or (from_request and cause = 'audit'), false),
            in_clear: coalesce(in_clear, false),
            differs: coalesce(measure = 'http.request.body.size' and differs, false)
        } as what,
        sum(n) as transfers,
        sum(bytes) as bytes,
        min(time) filter (where n > 0) as first,
        max(time) filter (where n > 0) as last,
        arg_min({time: time, trace_id: trace_id}, time, 3) filter (where n > 0 and trace_id is not null)
            as earliest
    from sent($from, $to, null, $first_day, true)
    where ($app is null or app = $app)
        and ($environment is null or environment = $environment)
        and ($release is null or release = $release)
    group by all
    having sum(n) <> 0
),
counted as materialized (
    select
        what,
        row_number() over (order by what) as number,
        cast(sum(transfers) as bigint) as transfers,
        cast(sum(bytes) as bigint) as bytes,
        min(day) as first_day,
        max(day) as last_day
    from daily
    group by what
),
edges as materialized (
    select c.number, d.* exclude (what, transfers, bytes), d.day = c.first_day as begins
    from daily d
    join counted c on c.what = d.what and d.day in (c.first_day, c.last_day)
),
-- Of these the sums tell no more than the day.
looked_up as (
    select e.number, e.begins, r.time, r.trace_id
    from rolled_singly r
    anti join unrolled(null) u on u.trace_id = r.trace_id and r.time between u.earliest and u.latest
    anti join restated(null) h on h.installation = r.consenting
    join edges e
        on e.day = r.day and e.kind = r.kind and e.app = r.app
        and e.release = coalesce(r.release, 'unknown') and e.os = r.os and e.differs = r.differs
    where r.time >= $first_day and r.time < $to
        and ($environment is null or r.environment = $environment)
),
seen as (
    select
        number,
        min(time) as first,
        max(time) as last,
        arg_min({time: time, trace_id: trace_id}, time, 3) filter (where begins) as earliest
    from looked_up
    group by number
    union all
    select
        number,
        min(first),
        max(last),
        list_sort(flatten(list(earliest) filter (where begins)))
    from edges
    where first is not null
    group by number
),
told as (
    select
        c.what,
        c.transfers,
        c.bytes,
        min(s.first) as first,
        max(s.last) as last,
        list_transform(
            list_sort(flatten(list(s.earliest)))[1:3], lambda one: lower(hex(one.trace_id))
        ) as traces
    from counted c
    join seen s on s.number = c.number
    group by all
)
select unnest(what), * exclude (what) from told order by what
