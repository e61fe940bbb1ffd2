-- Offline coverage: of the requests made without a network, the share the device answered itself.
-- dimensions: app environment feature release os device_model country network model runtime delegate threshold_version placement decision reason hour day
-- offline_requests count: requests made without a network
-- served count: of these, answered by the device
-- offline_coverage ratio: served / offline_requests
-- coverage_low ratio: lower end of the 95 % interval, clustered by installation
-- coverage_high ratio: upper end of the 95 % interval, clustered by installation
-- attempted_offline count: offline requests whose placement is not cloud
-- device_coverage ratio: attempted offline requests the device answered / attempted_offline
-- stranded count: requests blocked as offline although a network was reported
with counted as (
    select
        coalesce(sum(case when network = 'unavailable' then n else 0 end), 0) as n,
        coalesce(
            sum(case when network = 'unavailable' and decision = 'accept' then n else 0 end), 0
        ) as k,
        coalesce(
            sum(case when network = 'unavailable' and placement <> 'cloud' then n else 0 end), 0
        ) as tried,
        coalesce(
            sum(
                case
                    when network = 'unavailable' and placement <> 'cloud' and decision = 'accept'
                        then n
                    else 0
                end
            ),
            0
        ) as tried_served,
        coalesce(
            sum(
                case
                    when network not in ('unavailable', 'unknown') and blocked_reason = 'offline'
                        then n
                    else 0
                end
            ),
            0
        ) as stranded
        {by}
    from {ever}
    where true {where}
    group by all
    having sum(n) > 0 or $whole
),
per_installation as (
    -- Those that no installation is known of are each a phone of their own.
    select
        phone_of(installation) as installation,
        max(weight) as weight,
        sum(cast(n as double)) as n,
        sum(case when decision = 'accept' then cast(n as double) else 0 end) as k
        {by}
    from {phones}
    where network = 'unavailable' {where}
    group by all
),
spread as (
    select
        max(weight) as weight,
        sum(case when installation is null then k else k * k * weight end) as kk,
        sum(case when installation is null then k else k * n * weight end) as kn,
        sum(case when installation is null then n else n * n * weight end) as nn,
        sum(case when installation is not null and n > 0 then 1 else 0 end) as sampled,
        sum(case when installation is null then n else 0 end) as unsampled
        {by}
    from per_installation
    group by all
),
sized as (
    select
        t.*,
        k / nullif(cast(n as double), 0) as p,
        told(sampled_size(k, n, kk, kn, nn, sampled, unsampled, weight), $k) as size
    from counted t
    left join spread s on true {same:t:s}
)
select
    cast(n as bigint) as offline_requests,
    cast(k as bigint) as served,
    p as offline_coverage,
    wilson_low(p, size) as coverage_low,
    wilson_high(p, size) as coverage_high,
    cast(tried as bigint) as attempted_offline,
    tried_served / nullif(cast(tried as double), 0) as device_coverage,
    cast(stranded as bigint) as stranded
    {by}
from sized
order by offline_requests desc {by}
