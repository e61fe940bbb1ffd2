-- Fallback reasons: why requests fell back to the cloud or were blocked.
-- dimensions: app environment feature release os device_model country network model runtime delegate threshold_version placement decision reason hour day
-- decision text: fallback or blocked
-- reason text: why
-- requests count: requests with this reason
-- share ratio: of the requests that fell back or were blocked
select
    decision as decision,
    reason,
    count(*) as requests,
    1.0 * count(*) / sum(count(*)) over () as share
    {by}
from requests
where time >= $from and time < $to and decision in ('fallback', 'blocked') {where}
group by all
order by requests desc, reason {by}
