-- Release sums: what the rates of two releases are made of, summed over installations.
-- dimensions: app environment feature os device_model country network model runtime delegate hour day
with scoped as (
    select
        coalesce(installation, span_id) as cluster,
        case when release = $release then 1 else 0 end as newer,
        case when placement <> 'cloud' then 1 else 0 end as attempted,
        case when placement <> 'cloud' and decision = 'fallback' then 1 else 0 end as fallback,
        case when network = 'unavailable' then 1 else 0 end as offline,
        case when network = 'unavailable' and decision = 'accept' then 1 else 0 end as served,
        case when decision = 'error' then 1 else 0 end as error
    from requests
    where time >= $from and time < $to and release in ($release, $against) {where}
),
clusters as (
    select
        cluster,
        cast(sum((1 - newer) * attempted) as double) as attempted_a,
        cast(sum(newer * attempted) as double) as attempted_b,
        cast(sum((1 - newer) * fallback) as double) as fallback_a,
        cast(sum(newer * fallback) as double) as fallback_b,
        cast(sum((1 - newer) * offline) as double) as offline_a,
        cast(sum(newer * offline) as double) as offline_b,
        cast(sum((1 - newer) * served) as double) as served_a,
        cast(sum(newer * served) as double) as served_b,
        cast(sum(1 - newer) as double) as requests_a,
        cast(sum(newer) as double) as requests_b,
        cast(sum((1 - newer) * error) as double) as error_a,
        cast(sum(newer * error) as double) as error_b
    from scoped
    group by cluster
),
counted as (
    select 'fallback_rate' as name, fallback_a as k_a, attempted_a as n_a, fallback_b as k_b, attempted_b as n_b
    from clusters
    union all
    select 'offline_coverage', served_a, offline_a, served_b, offline_b from clusters
    union all
    select 'error_rate', error_a, requests_a, error_b, requests_b from clusters
)
select
    name,
    cast(sum(case when n_a > 0 then 1 else 0 end) as double) as m_a,
    sum(k_a) as k_a,
    sum(n_a) as n_a,
    sum(k_a * k_a) as kk_a,
    sum(k_a * n_a) as kn_a,
    sum(n_a * n_a) as nn_a,
    cast(sum(case when n_b > 0 then 1 else 0 end) as double) as m_b,
    sum(k_b) as k_b,
    sum(n_b) as n_b,
    sum(k_b * k_b) as kk_b,
    sum(k_b * n_b) as kn_b,
    sum(n_b * n_b) as nn_b,
    sum(k_a * k_b) as kk_ab,
    sum(k_a * n_b) as kn_ab,
    sum(n_a * k_b) as nk_ab,
    sum(n_a * n_b) as nn_ab,
    cast(sum(case when n_a + n_b > 0 then 1 else 0 end) as double) as both,
    cast(sum(case when k_a + k_b > 0 then 1 else 0 end) as double) as some,
    cast(sum(case when n_a + n_b > k_a + k_b then 1 else 0 end) as double) as others
from counted
group by name
