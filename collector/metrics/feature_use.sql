-- Feature use: what each feature asks of devices and of the cloud.
-- dimensions: app environment feature release day
-- feature text: AI feature of the app
-- requests count: requests
-- installations count: distinct pseudonyms; estimated where there are over 8,192
-- offline_requests count: requests made without a network
-- cloud_answers count: requests that the cloud answered
-- placements text: where apps say that it is planned to run, as a set
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
        max(case when n > no_confidence then model_size end) as size,
        list(distinct placement) filter (not placement_inferred) as planned
        {by}
    from {requests}
    where true {where}
    group by all
    having sum(n) > 0
),
counted as (
    select
        feature,
        sum(n) as n,
        sum(offline) as offline,
        sum(cloud) as cloud,
        list_sort(list_distinct(flatten(list(planned) filter (planned is not null)))) as planned,
        first(model order by sure desc, model) filter (where sure > 0) as model,
        first(size order by sure desc, model) filter (where sure > 0) as size
        {by}
    from used
    group by all
),
per_phone as (
    select feature, installation, max(weight) as weight {by}
    from {phones}
    where installation is not null {where}
    group by all
    having sum(n) > 0
),
phones as (
    select feature, cast(round(count(*) * max(weight)) as bigint) as installations {by}
    from per_phone
    group by all
)
select
    c.feature,
    cast(n as bigint) as requests,
    told(coalesce(installations, 0), $k) as installations,
    cast(offline as bigint) as offline_requests,
    cast(cloud as bigint) as cloud_answers,
    array_to_string(planned, ',') as placements,
    model,
    size as model_size
    {by:c}
from counted c
left join phones p on p.feature = c.feature {same:c:p}
order by c.feature {by:c}
