-- Offline targets: the features that the policy calls critical offline, held against the coverage it asks for.
-- dimensions: app environment feature release os device_model country hour day
-- feature text: AI feature of the app
-- target ratio: offline_target of the policy; unknown where it says none
-- offline_requests count: requests made without a network
-- served count: of these, answered by the device
-- offline_coverage ratio: served / offline_requests
-- coverage_low ratio: lower end of the 95 % interval, clustered by installation
-- coverage_high ratio: upper end of the 95 % interval, clustered by installation
-- met flag: yes where the whole interval reaches the target, no where all of it is below; else it cannot be told yet
with critical as (
    select distinct feature as critical_feature, offline_target
    from policy_features
    where offline_critical
),
per_installation as (
    select
        coalesce(installation, span_id) as cluster,
        feature,
        offline_target as target,
        sum(case when network = 'unavailable' then 1 else 0 end) as n,
        sum(case when network = 'unavailable' and decision = 'accept' then 1 else 0 end) as k
        {by}
    from requests
    join critical on critical_feature = feature
    where time >= $from and time < $to {where}
    group by all
),
totals as (
    select
        feature,
        target,
        sum(n) as n,
        sum(k) as k,
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
    feature,
    target,
    cast(n as bigint) as offline_requests,
    cast(k as bigint) as served,
    p as offline_coverage,
    wilson_low(p, size) as coverage_low,
    wilson_high(p, size) as coverage_high,
    case
        when wilson_low(p, size) >= target then true
        when wilson_high(p, size) < target then false
    end as met
    {by}
from sized
order by feature {by}
