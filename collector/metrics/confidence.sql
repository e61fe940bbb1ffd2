-- Confidence: how sure the on-device model was, in twenty steps.
-- dimensions: app environment feature release os device_model country network model runtime delegate threshold_version placement decision reason hour day
-- bucket ratio: lower edge of the step
-- requests count: requests with a confidence in this step
select
    least(floor(confidence * 20), 19) / 20 as bucket,
    count(*) as requests
    {by}
from requests
where time >= $from and time < $to and confidence is not null {where}
group by all
order by bucket {by}
