-- Release models: which models ran on devices, by release and feature, and their size against the policy's budget.
-- dimensions: app environment feature release model hour day
-- release text: service.version
-- feature text: AI feature of the app
-- model text: on-device model, name@version
-- requests count: requests that it ran in, the most first
-- size bytes: largest limen.model.size of these requests; unknown where none says it
-- size_budget bytes: what the policy allows a model of the feature; unknown where no policy names it
with sized as (
    select release, feature, model, model_size, size_budget, sum(n) as n {by}
    from {requests}
    where model <> 'unknown' {where}
    group by all
    having sum(n) > 0
),
counted as (
    select
        release, feature, model, cast(sum(n) as bigint) as requests, max(model_size) as size,
        max(size_budget) as size_budget
        {by}
    from sized
    group by all
)
select c.release, c.feature, c.model, c.requests, c.size, c.size_budget {by:c}
from counted c
left join releases r on r.release = c.release
order by r.sort_key, c.feature, c.requests desc, c.model {by:c}
