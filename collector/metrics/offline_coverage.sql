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
with per_installation as (
    select
        coalesce(installation, span_id) as cluster,
        sum(case when network = 'unavailable' then 1 else 0 end) as n,
        sum(case when network = 'unavailable' and decision = 'accept' then 1 else 0 end) as k,
        sum(case when network = 'unavailable' and placement <> 'cloud' then 1 else 0 end) as tried,
        sum(
            case
                when network = 'unavailable' and placement <> 'cloud' and decision = 'accept' then 1
                else 0
            end
        ) as tried_served,
        sum(
            case
                when network not in ('unavailable', 'unknown') and blocked_reason = 'offline' then 1
                else 0
            end
        ) as stranded
        {by}
    from requests
    where time >= $from and time < $to {where}
    group by all
),
totals as (
    select
        coalesce(sum(n), 0) as n,
        coalesce(sum(k), 0) as k,
        coalesce(sum(tried), 0) as tried,
        coalesce(sum(tried_served), 0) as tried_served,
        coalesce(sum(stranded), 0) as stranded,
        sum(k * k) as kk,
        sum(k * n) as kn,
        sum(n * n) as nn,
        sum(case when n > 0 then 1 else 0 end) as clusters
        {by}
    from per_installation
    group by all
),
sized as (
    select
        *,
        k / nullif(cast(n as double), 0) as p,
        told(effective_size(k, n, kk, kn, nn, clusters), $k) as size
    from totals
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
