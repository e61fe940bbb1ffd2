-- Differences: what is different in the selected requests, held against the others, dimension by dimension.
-- dimensions: app environment feature release os device_model country network model runtime delegate threshold_version placement decision reason pseudonym hour day
-- dimension text: what is compared, the one that explains most first
-- explains ratio: how much of the variance of being selected lies between this dimension's values (epsilon squared: without what chance adds), each installation counted once; unknown where all requests are selected
-- chance flag: as few installations could show as much by chance (chi-squared, 1 %)
-- value text: of the dimension; the 50 most frequent and the 50 most different
-- all_selected count: selected requests
-- all_others count: other requests
-- selected count: selected requests with this value
-- others count: other requests with this value
-- installations count: distinct pseudonyms of the selected requests with this value; estimated where there are over 8,192, unknown where none of them is in the sample
-- share_selected ratio: of the selected requests, those with this value
-- share_others ratio: of the other requests, those with this value
-- selected_rate ratio: of the requests with this value, those selected
with seen as (
    select
        app, environment, feature, release, os, device_model, country, network, model, runtime, delegate,
        threshold_version, placement, decision, coalesce(reason, 'none') as reason,
        cast(day as varchar) as day,
        sum(n) as n,
        sum(case when true {selected} then n else 0 end) as k
    from {contexts}
    where true {where}
    group by all
),
whole as (
    select sum(n) as n, sum(k) as k from seen
),
counted as (
    select dimension, value, sum(n) as n, sum(k) as k
    from (unpivot seen on columns(* exclude (n, k)) into name dimension value value)
    group by all
    having sum(n) > 0
    union all
    select
        'hour', cast(hour as varchar), count(*), sum(case when true {selected} then 1 else 0 end)
    from {each}
    where true {where}
    group by hour
),
phones as (
    -- Of many installations those of the sample; a request of none is a phone of its own.
    select count(distinct installation) * weight() + count(*) - count(installation) as phones
    from {each}
    where (installation is null or installation < drawn_before()) {where}
),
chosen as (
    select
        app, environment, feature, release, os, device_model, country, network, model, runtime, delegate,
        threshold_version, placement, decision, coalesce(reason, 'none') as reason,
        cast(day as varchar) as day,
        cast(hour as varchar) as hour,
        installation,
        count(*) as n
    from {each}
    where (installation is null or installation < drawn_before()) {where} {selected}
    group by all
),
chosen_phones as (
    select
        dimension,
        value,
        count(distinct installation) * weight()
            + coalesce(sum(n) filter (where installation is null), 0) as phones
    from (
        unpivot chosen on columns(* exclude (installation, n)) into name dimension value value
    )
    group by all
),
weighed as (
    select
        c.dimension,
        c.value,
        c.n,
        c.k,
        case when c.k > 0 then o.phones else 0 end as chosen_phones,
        p.phones,
        w.k as all_k,
        w.n - w.k as all_rest,
        1.0 * c.k / nullif(w.k, 0) as share_selected,
        1.0 * (c.n - c.k) / nullif(w.n - w.k, 0) as share_others,
        1.0 * w.k / w.n as p,
        1.0 * c.n / w.n as weight,
        1.0 * c.k / c.n as rate
    from counted c
    cross join whole w
    cross join phones p
    left join chosen_phones o on o.dimension = c.dimension and o.value = c.value
),
told as (
    select
        *,
        sum(weight * (rate - p) * (rate - p)) over (partition by dimension)
            / nullif(p * (1 - p), 0) as between_values,
        count(*) over (partition by dimension) - 1 as freedom,
        row_number() over (partition by dimension order by n desc, value) as by_size,
        row_number() over (
            partition by dimension order by abs(share_selected - share_others) desc, value
        ) as by_difference
    from weighed
)
select
    dimension,
    case
        when between_values is null then null
        when phones - 1 > freedom
            then greatest(0.0, 1 - (1 - between_values) * (phones - 1) / (phones - 1 - freedom))
        else 0.0
    end as explains,
    -- Wilson and Hilferty's cube stands for the quantile.
    coalesce(
        phones * between_values <= freedom * power(
            1 - 2 / (9.0 * freedom) + 2.326348 * sqrt(2 / (9.0 * freedom)), 3
        ),
        true
    ) as chance,
    value,
    cast(all_k as bigint) as all_selected,
    cast(all_rest as bigint) as all_others,
    cast(k as bigint) as selected,
    cast(n - k as bigint) as others,
    cast(round(chosen_phones) as bigint) as installations,
    share_selected,
    share_others,
    rate as selected_rate
from told
where by_size <= 50 or by_difference <= 50
order by explains desc nulls last, dimension, share_selected - share_others desc, n desc, value
