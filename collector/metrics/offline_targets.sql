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
counted as (
    select
        feature,
        offline_target as target,
        sum(case when network = 'unavailable' then n else 0 end) as n,
        sum(case when network = 'unavailable' and decision = 'accept' then n else 0 end) as k
        {by}
    from {requests}
    join critical on critical_feature = feature
    where true {where}
    group by all
    having sum(n) > 0
),
per_installation as (
    -- Those that no installation is known of are each a phone of their own.
    select
        phone_of(installation) as installation,
        feature,
        max(weight) as weight,
        sum(cast(n as double)) as n,
        sum(case when decision = 'accept' then cast(n as double) else 0 end) as k
        {by}
    from {phones}
    join critical on critical_feature = feature
    where network = 'unavailable' {where}
    group by all
),
spread as (
    select
        feature,
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
    left join spread s on s.feature = t.feature {same:t:s}
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
