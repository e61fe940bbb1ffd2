-- How much was seen of each release, and requests by feature of it: requests by their sums; installations
-- and sessions by the sample of installations (sample.sql), with a 95 % interval where it is not all of
-- them. Each of them made a request, so they are no more than those.
with counted as (
    select app, release, feature, day, sum(n) as n, sum(n - no_installation) as known
    from {requests}
    where ($app is null or app = $app)
        and ($environment is null or environment = $environment)
        and ($release is null or release = $release)
    group by all
    having sum(n) > 0
),
told as (
    select
        app,
        release,
        list({feature: feature, requests: requests} order by feature) as features,
        sum(requests) as requests,
        sum(known) as known,
        min(first_day) as first_day,
        max(last_day) as last_day
    from (
        select
            app, release, feature, cast(sum(n) as bigint) as requests, sum(known) as known,
            min(day) as first_day, max(day) as last_day
        from counted
        group by app, release, feature
    )
    group by app, release
),
phones as (
    select app, release, installation, count(session) as sessions
    from (
        select
            app, release,
            case when installation is not null then hash(installation) end as installation,
            case when session is not null then hash(session) end as session
        from {phones}
        where ($app is null or app = $app)
            and ($environment is null or environment = $environment)
            and ($release is null or release = $release)
        group by all
        having sum(n) > 0
    )
    group by all
),
sampled as (
    select
        app,
        release,
        count(installation) as phones,
        coalesce(sum(sessions) filter (installation is not null), 0) as sessions,
        coalesce(sum(sessions * sessions) filter (installation is not null), 0) as squares,
        coalesce(sum(sessions) filter (installation is null), 0) as others
    from phones
    group by all
),
bounded as (
    select
        t.*,
        65536.0 / drawn() as weight,
        coalesce(s.phones, 0) as phones,
        coalesce(s.sessions, 0) as of_phones,
        coalesce(s.squares, 0) as squares,
        coalesce(s.others, 0) as others
    from told t
    left join sampled s on s.app = t.app and s.release = t.release
),
estimated as (
    select
        *,
        [weight * phones, number_end(phones, phones, weight, -1), number_end(phones, phones, weight, 1)]
            as installations,
        [
            weight * of_phones,
            number_end(of_phones, squares, weight, -1),
            case when phones > 0 then number_end(of_phones, squares, weight, 1) else known end
        ] as sessions
    from bounded
),
rounded as (
    select
        * replace (
            list_transform(
                installations,
                lambda x: cast(round(least(greatest(x, phones, least(known, 1)), known)) as bigint)
            ) as installations,
            list_transform(
                sessions,
                lambda x: cast(round(least(greatest(x, of_phones), known)) as bigint) + others
            ) as sessions
        )
    from estimated
)
select
    app,
    release,
    features,
    cast(requests as bigint) as requests,
    installations[1] as installations,
    installations[2] as installations_low,
    installations[3] as installations_high,
    cast(sessions[1] as bigint) as sessions,
    cast(sessions[2] as bigint) as sessions_low,
    cast(sessions[3] as bigint) as sessions_high,
    cast(first_day as varchar) as first_day,
    cast(last_day as varchar) as last_day
from rounded
order by app, release
