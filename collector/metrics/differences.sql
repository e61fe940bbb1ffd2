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
-- installations count: distinct pseudonyms of the selected requests with this value
-- share_selected ratio: of the selected requests, those with this value
-- share_others ratio: of the other requests, those with this value
-- selected_rate ratio: of the requests with this value, those selected
with scoped as (
    select
        *,
        coalesce(installation, span_id) as phone,
        case when true {selected} then 1 else 0 end as chosen
    from (select *, lower(hex(installation)) as pseudonym from requests) r
    where time >= $from and time < $to {where}
),
counted as (
    select
        case
            when grouping(app) = 0 then 'app'
            when grouping(environment) = 0 then 'environment'
            when grouping(feature) = 0 then 'feature'
            when grouping(release) = 0 then 'release'
            when grouping(os) = 0 then 'os'
            when grouping(device_model) = 0 then 'device_model'
            when grouping(country) = 0 then 'country'
            when grouping(network) = 0 then 'network'
            when grouping(model) = 0 then 'model'
            when grouping(runtime) = 0 then 'runtime'
            when grouping(delegate) = 0 then 'delegate'
            when grouping(threshold_version) = 0 then 'threshold_version'
            when grouping(placement) = 0 then 'placement'
            when grouping(decision) = 0 then 'decision'
            when grouping(reason) = 0 then 'reason'
            when grouping(hour) = 0 then 'hour'
            when grouping(day) = 0 then 'day'
        end as dimension,
        case
            when grouping(app) = 0 then app
            when grouping(environment) = 0 then environment
            when grouping(feature) = 0 then feature
            when grouping(release) = 0 then release
            when grouping(os) = 0 then os
            when grouping(device_model) = 0 then device_model
            when grouping(country) = 0 then country
            when grouping(network) = 0 then network
            when grouping(model) = 0 then model
            when grouping(runtime) = 0 then runtime
            when grouping(delegate) = 0 then delegate
            when grouping(threshold_version) = 0 then threshold_version
            when grouping(placement) = 0 then placement
            when grouping(decision) = 0 then decision
            when grouping(reason) = 0 then coalesce(reason, 'none')
            when grouping(hour) = 0 then cast(hour as varchar)
            when grouping(day) = 0 then cast(day as varchar)
        end as value,
        count(*) as n,
        sum(chosen) as k,
        count(distinct phone) as phones,
        count(distinct case when chosen = 1 then phone end) as chosen_phones
    from scoped
    group by grouping sets (
        (app), (environment), (feature), (release), (os), (device_model), (country),
        (network), (model), (runtime), (delegate), (threshold_version), (placement),
        (decision), (reason), (hour), (day), ()
    )
),
weighed as (
    select
        c.dimension,
        c.value,
        c.n,
        c.k,
        c.chosen_phones,
        w.phones,
        w.k as all_k,
        w.n - w.k as all_rest,
        1.0 * c.k / nullif(w.k, 0) as share_selected,
        1.0 * (c.n - c.k) / nullif(w.n - w.k, 0) as share_others,
        1.0 * w.k / w.n as p,
        1.0 * c.n / w.n as weight,
        1.0 * c.k / c.n as rate
    from counted c
    cross join counted w
    where c.dimension is not null and w.dimension is null
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
    chosen_phones as installations,
    share_selected,
    share_others,
    rate as selected_rate
from told
where by_size <= 50 or by_difference <= 50
order by explains desc nulls last, dimension, share_selected - share_others desc, n desc, value
