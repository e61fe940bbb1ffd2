-- Thresholds in use: under which thresholds requests ran, by feature, as the phones say it.
-- dimensions: app environment feature release os device_model country model runtime delegate hour day
-- feature text: AI feature of the app
-- threshold ratio: confidence below which the device asks the cloud
-- requests count: requests that ran under it, the most first
-- share ratio: of the feature's requests that say theirs
with counted as (
    select feature, threshold, cast(sum(n) as bigint) as requests {by}
    from {requests}
    where threshold is not null {where}
    group by all
    having sum(n) > 0
)
select
    c.feature,
    c.threshold,
    c.requests,
    c.requests / cast(sum(c.requests) over (partition by c.feature {by:c}) as double) as share
    {by:c}
from counted c
order by c.feature, c.requests desc, c.threshold {by:c}
