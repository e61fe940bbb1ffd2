-- Departures, counted by everything that a comparison with what is declared asks for (`what`), and by
-- kind, app, release and system: with the first and the last day on which each was seen, and of what is
-- not in sums when that was, and its first three traces. And Limen's own, of no kind. What is alike has
-- one `number`. For as long as the connection lasts.
create temp table observed as
with seen as materialized (
    select
        kind,
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
        min(day) filter (where n > 0) as first_day,
        max(day) filter (where n > 0) as last_day,
        min(time) filter (where n > 0) as first,
        max(time) filter (where n > 0) as last,
        arg_min({time: time, trace_id: trace_id}, time, 3) filter (where n > 0 and trace_id is not null)
            as earliest
    from {departures}
    where kind is not null
        and ($app is null or app = $app)
        and ($environment is null or environment = $environment)
        and ($release is null or release = $release)
    group by all
    having sum(n) <> 0
),
days as (
    select kind, app, release, os, differs, min(day) as first_day, max(day) as last_day
    from (
        select kind, app, release, os, differs, day
        from {days}
        where ($environment is null or environment = $environment)
        group by all
        having sum(n) > 0
    )
    group by all
),
dated as (
    select
        s.* replace (
            least(d.first_day, s.first_day) as first_day, greatest(d.last_day, s.last_day) as last_day
        )
    from seen s
    left join days d
        on d.kind = s.kind and d.app = s.app and d.release = s.release and d.os = s.os
        and d.differs = s.differs
),
own as (
    select
        c.* exclude (category),
        o.os,
        {
            app: c.app,
            release: c.release,
            feature: o.feature,
            system: o.os,
            leg: o.leg,
            destination: o.destination,
            region: o.region,
            role: o.role,
            category: c.category,
            purpose: o.purpose,
            consent: o.consent,
            consent_version: cast(null as varchar),
            granted_later: o.granted_later,
            granted_otherwise: o.granted_otherwise,
            declared: cast(null as boolean),
            retained: o.retained,
            trained_on: o.trained_on,
            asked: false,
            in_clear: false,
            differs: false
        } as what,
        day_of(c.first) as first_day,
        day_of(c.last) as last_day
    from (
        select
            app, release, category, count(*) as transfers, sum(bytes) as bytes, min(time) as first,
            max(time) as last
        from own_departures($from, $to)
        where ($app is null or app = $app)
            and ($environment is null or environment = $environment)
            and ($release is null or release = $release)
        group by all
    ) c
    -- In all else it is alike.
    cross join (from own_departures($from, $to) limit 1) o
)
select *, dense_rank() over (order by what) as number
from (from dated union all by name from own)
