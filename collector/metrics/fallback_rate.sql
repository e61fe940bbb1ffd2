-- Fallback rate: of the requests that tried the device first, the share that asked the cloud instead.
-- dimensions: app environment feature release os device_model country network model runtime delegate threshold_version placement decision reason hour day
-- requests count: requests in the period; of days that expired what was kept of them
-- attempted count: requests whose placement is not cloud
-- fallbacks count: attempted requests answered by the cloud because the device declined
-- blocked count: attempted requests that needed the cloud and could not ask it
-- fallback_rate ratio: fallbacks / attempted
-- fallback_low ratio: lower end of the 95 % interval, clustered by installation
-- fallback_high ratio: upper end of the 95 % interval, clustered by installation
-- fallback_min ratio: the rate if no lost request had fallen back; unknown where nothing is numbered and by dimensions that a gap does not have
-- fallback_max ratio: the rate if every lost request had fallen back
-- declined_rate ratio: (fallbacks + blocked) / attempted
with counted as (
    select
        coalesce(sum(n), 0) as requests,
        coalesce(sum(numbered), 0) as numbered,
        coalesce(sum(case when placement <> 'cloud' then n else 0 end), 0) as n,
        coalesce(
            sum(case when placement <> 'cloud' and decision = 'fallback' then n else 0 end), 0
        ) as k,
        coalesce(
            sum(case when placement <> 'cloud' and decision = 'blocked' then n else 0 end), 0
        ) as b
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
        sum(case when decision = 'fallback' then cast(n as double) else 0 end) as k
        {by}
    from {phones}
    where placement <> 'cloud' {where}
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
gaps as (
    select sum(lost) as lost {by} from {gaps} where true {where} group by all
),
sized as (
    select
        t.*,
        k / nullif(cast(n as double), 0) as p,
        told(sampled_size(k, n, kk, kn, nn, sampled, unsampled, weight), $k) as size,
        coalesce(lost, 0) as lost,
        case when $gaps and numbered > 0 then n + coalesce(lost, 0) end as n_with_lost
    from counted t
    left join spread s on true {same:t:s}
    left join gaps g on true {same:t:g}
)
select
    cast(requests as bigint) as requests,
    cast(n as bigint) as attempted,
    cast(k as bigint) as fallbacks,
    cast(b as bigint) as blocked,
    p as fallback_rate,
    wilson_low(p, size) as fallback_low,
    wilson_high(p, size) as fallback_high,
    k / nullif(cast(n_with_lost as double), 0) as fallback_min,
    (k + lost) / nullif(cast(n_with_lost as double), 0) as fallback_max,
    (k + b) / nullif(cast(n as double), 0) as declined_rate
    {by}
from sized
order by requests desc {by}
