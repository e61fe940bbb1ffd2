-- Feature use: what each feature asks of devices and of the cloud.
-- dimensions: app environment feature release day
-- feature text: AI feature of the app
-- requests count: requests
-- offline_requests count: requests made without a network
-- cloud_answers count: requests that the cloud answered
-- model text: on-device model that told its confidence in most of them; `unknown` where it has no name, nothing where none ran
-- model_size bytes: largest limen.model.size of it; unknown where none says it
with used as (
    select
        feature,
        model,
        sum(n) as n,
        sum(case when network = 'unavailable' then n else 0 end) as offline,
        sum(case when answered_by = 'cloud' then n else 0 end) as cloud,
        sum(n - no_confidence) as sure,
        max(case when n > no_confidence then model_size end) as size
        {by}
    from {requests}
    where true {where}
    group by all
    having sum(n) > 0
)
select
    feature,
    cast(sum(n) as bigint) as requests,
    cast(sum(offline) as bigint) as offline_requests,
    cast(sum(cloud) as bigint) as cloud_answers,
    first(model order by sure desc, model) filter (where sure > 0) as model,
    first(size order by sure desc, model) filter (where sure > 0) as model_size
    {by}
from used
group by all
order by feature {by}
