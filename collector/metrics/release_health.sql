-- Release health: each release of the app side by side.
-- dimensions: app environment feature release os device_model country network model hour day
-- release text: service.version
-- installations count: distinct pseudonyms; estimated where there are over 8,192
-- adoption ratio: installations of the release / installations of its app, same period and environment
-- requests count: requests
-- attempted count: requests whose placement is not cloud
-- fallback_rate ratio: fallbacks / attempted
-- fallback_low ratio: lower end of the 95 % interval, clustered by installation
-- fallback_high ratio: upper end of the 95 % interval, clustered by installation
-- offline_requests count: requests made without a network
-- offline_coverage ratio: offline requests the device answered / offline requests
-- error_rate ratio: errors / requests
-- p95_ms ms: 95th percentile of the time people waited for an answer, in steps of 4.4 %
-- egress_bytes_per_request bytes: measured bytes that left the device for such requests / requests; by their own time; unknown where none was measured
-- unknown_bytes_transfers count: sends of these requests that failed or were not measured
with per_app as (
    select
        release,
        app as in_app,
        environment as in_environment,
        sum(n) as requests,
        sum(case when placement <> 'cloud' then n else 0 end) as n,
        sum(case when placement <> 'cloud' and decision = 'fallback' then n else 0 end) as k,
        sum(case when network = 'unavailable' then n else 0 end) as offline,
        sum(case when network = 'unavailable' and decision = 'accept' then n else 0 end) as served,
        sum(case when decision = 'error' then n else 0 end) as errors
        {by}
    from {requests}
    where true {where}
    group by all
    having sum(n) > 0
),
counted as (
    select
        release,
        sum(requests) as requests,
        sum(n) as n,
        sum(k) as k,
        sum(offline) as offline,
        sum(served) as served,
        sum(errors) as errors
        {by}
    from per_app
    group by all
),
per_phone as materialized (
    select
        phone_of(installation) as installation,
        release,
        app as in_app,
        environment as in_environment,
        max(weight) as weight,
        sum(case when true {where} then cast(n as double) else 0 end) as all_n,
        sum(
            case when true {where} and placement <> 'cloud' then cast(n as double) else 0 end
        ) as n,
        sum(
            case
                when true {where} and placement <> 'cloud' and decision = 'fallback'
                    then cast(n as double)
                else 0
            end
        ) as k
        {by}
    from {phones}
    group by all
    having sum(n) > 0
),
phones as (
    select distinct in_app, in_environment, installation {by} from per_phone
),
app_installations as (
    select r.release, count(distinct q.installation) as installations {by:r}
    from per_app r
    left join phones q
        on q.in_app = r.in_app and q.in_environment = r.in_environment {within:q:r}
    group by all
),
clusters as (
    -- Those that no installation is known of are each a phone of their own.
    select
        installation,
        release,
        max(weight) as weight,
        sum(all_n) as all_n,
        sum(n) as n,
        sum(k) as k
        {by}
    from per_phone
    group by all
),
spread as (
    select
        release,
        max(weight) as weight,
        sum(case when installation is not null and all_n > 0 then 1 else 0 end) as installations,
        sum(case when installation is null then k else k * k * weight end) as kk,
        sum(case when installation is null then k else k * n * weight end) as kn,
        sum(case when installation is null then n else n * n * weight end) as nn,
        sum(case when installation is not null and n > 0 then 1 else 0 end) as sampled,
        sum(case when installation is null then n else 0 end) as unsampled
        {by}
    from clusters
    group by all
),
steps as (
    select release, wait_step as step, cast(sum(n) as double) as n {by}
    from {waits}
    where wait_step is not null {where}
    group by all
    having sum(n) > 0
),
ranked as (
    select
        s.*,
        sum(s.n) over (partition by s.release {by:s} order by s.step) as upto,
        sum(s.n) over (partition by s.release {by:s}) as total
    from steps s
),
waited as (
    select
        release,
        min(case when upto >= 0.95 * total then wait_ms(step, n, upto, 0.95 * total) end) as p95_ms
        {by}
    from ranked
    group by all
),
left_with as (
    select
        release,
        case when sum(case when measure is null then 0 else n end) > 0 then sum(bytes) end as bytes,
        sum(case when measure is null then n else 0 end) as unmeasured
        {by}
    from {sent}
    where true {where}
    group by all
),
sized as (
    select
        c.*,
        c.k / nullif(cast(c.n as double), 0) as p,
        told(
            sampled_size(c.k, c.n, s.kk, s.kn, s.nn, s.sampled, s.unsampled, s.weight), $k
        ) as size,
        told(cast(round(coalesce(s.installations * s.weight, 0)) as bigint), $k) as installations,
        told(cast(round(a.installations * s.weight) as bigint), $k) as of_installations,
        w.p95_ms,
        l.bytes,
        coalesce(l.unmeasured, 0) as unmeasured
    from counted c
    left join spread s on s.release = c.release {same:c:s}
    left join app_installations a on a.release = c.release {same:c:a}
    left join waited w on w.release = c.release {same:c:w}
    left join left_with l on l.release = c.release {same:c:l}
)
select
    d.release,
    installations,
    installations / cast(nullif(of_installations, 0) as double) as adoption,
    cast(requests as bigint) as requests,
    cast(n as bigint) as attempted,
    p as fallback_rate,
    wilson_low(p, size) as fallback_low,
    wilson_high(p, size) as fallback_high,
    cast(offline as bigint) as offline_requests,
    served / nullif(cast(offline as double), 0) as offline_coverage,
    errors / cast(requests as double) as error_rate,
    p95_ms,
    case
        when bytes is null and unmeasured > 0 then null
        else coalesce(bytes, 0) / cast(requests as double)
    end as egress_bytes_per_request,
    cast(unmeasured as bigint) as unknown_bytes_transfers
    {by:d}
from sized d
left join releases r on r.release = d.release
order by r.sort_key {by:d}
