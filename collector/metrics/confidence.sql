-- Confidence: how sure the on-device model was, in twenty steps.
-- dimensions: app environment feature release os device_model country network model runtime delegate threshold_version placement decision reason hour day
-- bucket ratio: lower edge of the step
-- requests count: requests with a confidence in this step
select
    confidence_step / 20.0 as bucket,
    cast(sum(n) as bigint) as requests
    {by}
from {scored}
where confidence_step is not null {where}
group by all
order by bucket {by}
