-- Fallback reasons: why requests fell back to the cloud or were blocked.
-- dimensions: app environment feature release os device_model country network model runtime delegate threshold_version placement decision reason hour day
-- decision text: fallback or blocked
-- reason text: why
-- requests count: requests with this reason
-- share ratio: of the requests that fell back or were blocked
select
    decision as decision,
    reason,
    cast(sum(n) as bigint) as requests,
    1.0 * sum(n) / sum(sum(n)) over () as share
    {by}
from {requests} r
where decision in ('fallback', 'blocked') {where}
group by all
having sum(n) > 0
order by requests desc, decision, reason {by}
