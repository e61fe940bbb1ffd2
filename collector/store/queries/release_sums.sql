-- Release sums: what the rates of two releases are made of, and by a sample of installations how surely.
-- dimensions: app environment feature os device_model country network model runtime delegate hour day
with made as (
    select true as sampled, installation, weight, release, placement, decision, network, n
    from {phones}
    where release in ($release, $against) {where}
    union all
    select false as sampled, null as installation, 1 as weight, release, placement, decision, network, n
    from {requests}
    where release in ($release, $against) {where}
),
scoped as (
    select
        sampled,
        installation,
        weight,
        n,
        case when release = $release then 1 else 0 end as newer,
        case when placement <> 'cloud' then 1 else 0 end as attempted,
        case when placement <> 'cloud' and decision = 'fallback' then 1 else 0 end as fallback,
        case when network = 'unavailable' then 1 else 0 end as offline,
        case when network = 'unavailable' and decision = 'accept' then 1 else 0 end as served,
        case when decision = 'error' then 1 else 0 end as error
    from made
),
clusters as (
    select
        sampled,
        -- Those that no installation is known of are each a cluster: a square is the number.
        sampled and installation is null as singles,
        case when installation is null then 1 else max(weight) end as weight,
        cast(sum(n * (1 - newer) * attempted) as double) as attempted_a,
        cast(sum(n * newer * attempted) as double) as attempted_b,
        cast(sum(n * (1 - newer) * fallback) as double) as fallback_a,
        cast(sum(n * newer * fallback) as double) as fallback_b,
        cast(sum(n * (1 - newer) * offline) as double) as offline_a,
        cast(sum(n * newer * offline) as double) as offline_b,
        cast(sum(n * (1 - newer) * served) as double) as served_a,
        cast(sum(n * newer * served) as double) as served_b,
        cast(sum(n * (1 - newer)) as double) as requests_a,
        cast(sum(n * newer) as double) as requests_b,
        cast(sum(n * (1 - newer) * error) as double) as error_a,
        cast(sum(n * newer * error) as double) as error_b
    from scoped
    group by sampled, installation
),
counted as (
    select
        'fallback_rate' as name, sampled, singles, weight,
        fallback_a as k_a, attempted_a as n_a, fallback_b as k_b, attempted_b as n_b
    from clusters
    union all
    select 'offline_coverage', sampled, singles, weight, served_a, offline_a, served_b, offline_b
    from clusters
    union all
    select 'error_rate', sampled, singles, weight, error_a, requests_a, error_b, requests_b
    from clusters
),
products as (
    select
        *,
        case when singles then n_a when n_a > 0 then weight else 0 end as m_a,
        case when singles then n_b when n_b > 0 then weight else 0 end as m_b,
        case when singles then k_a + k_b when k_a + k_b > 0 then weight else 0 end as with_event,
        case
            when singles then n_a + n_b - k_a - k_b
            when n_a + n_b > k_a + k_b then weight
            else 0
        end as without,
        case when singles then n_a + n_b when n_a + n_b > 0 then weight else 0 end as any_request,
        case when singles then 0 else weight end as across
    from counted
    where sampled
),
summed as (
    select
        name,
        cast(sum(m_a) as double) as m_a,
        sum(case when singles then k_a else weight * k_a * k_a end) as kk_a,
        sum(case when singles then k_a else weight * k_a * n_a end) as kn_a,
        sum(case when singles then n_a else weight * n_a * n_a end) as nn_a,
        cast(sum(m_b) as double) as m_b,
        sum(case when singles then k_b else weight * k_b * k_b end) as kk_b,
        sum(case when singles then k_b else weight * k_b * n_b end) as kn_b,
        sum(case when singles then n_b else weight * n_b * n_b end) as nn_b,
        sum(across * k_a * k_b) as kk_ab,
        sum(across * k_a * n_b) as kn_ab,
        sum(across * n_a * k_b) as nk_ab,
        sum(across * n_a * n_b) as nn_ab,
        cast(sum(any_request) as double) as both,
        cast(sum(with_event) as double) as some,
        cast(sum(without) as double) as others,
        cast(max(weight) as double) as weight
    from products
    group by name
)
select
    t.name, t.k_a, t.n_a, t.k_b, t.n_b, s.* exclude (name, weight), coalesce(s.weight, 1) as weight
from counted t
left join summed s on s.name = t.name
where not t.sampled
