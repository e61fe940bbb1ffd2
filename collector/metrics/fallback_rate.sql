-- Fallback rate: of the requests that tried the device first, the share that asked the cloud instead.
-- dimensions: app environment feature release os device_model country network model runtime delegate threshold_version placement decision reason hour day
-- requests count: requests in the period
-- attempted count: requests whose placement is not cloud
-- fallbacks count: attempted requests answered by the cloud because the device declined
-- blocked count: attempted requests that needed the cloud and could not ask it
-- fallback_rate ratio: fallbacks / attempted
-- fallback_low ratio: lower end of the 95 % interval, clustered by installation
-- fallback_high ratio: upper end of the 95 % interval, clustered by installation
-- fallback_min ratio: the rate if no lost request had fallen back; unknown where nothing is numbered and by dimensions that a gap does not have
-- fallback_max ratio: the rate if every lost request had fallen back
-- declined_rate ratio: (fallbacks + blocked) / attempted
with per_installation as (
    select
        coalesce(installation, span_id) as cluster,
        count(*) as requests,
        sum(case when placement <> 'cloud' then 1 else 0 end) as n,
        sum(case when placement <> 'cloud' and decision = 'fallback' then 1 else 0 end) as k,
        sum(case when placement <> 'cloud' and decision = 'blocked' then 1 else 0 end) as b
        {by}
    from requests
    where time >= $from and time < $to {where}
    group by all
),
totals as (
    select
        coalesce(sum(requests), 0) as requests,
        coalesce(sum(n), 0) as n,
        coalesce(sum(k), 0) as k,
        coalesce(sum(b), 0) as b,
        sum(k * k) as kk,
        sum(k * n) as kn,
        sum(n * n) as nn,
        sum(case when n > 0 then 1 else 0 end) as clusters
        {by}
    from per_installation
    group by all
),
gaps as (
    select sum(lost) as lost, sum(numbered) as numbered {by}
    from (
        select 0 as lost, numbered {by} from {requests} where $gaps {where}
        union all
        select lost, 0 as numbered {by} from {gaps} where true {where}
    )
    group by all
),
sized as (
    select
        t.*,
        k / nullif(cast(n as double), 0) as p,
        told(effective_size(k, n, kk, kn, nn, clusters), $k) as size,
        lost,
        case when numbered > 0 then n + lost end as n_with_lost
    from totals t
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
