-- Offline hours: when requests were made without a network, hour by hour.
-- dimensions: app environment feature release os model placement decision day
-- hour time: hour, UTC
-- offline_requests count: requests made without a network
-- served count: of these, answered by the device
-- offline_coverage ratio: served / offline_requests
select
    hour,
    cast(sum(n) as bigint) as offline_requests,
    cast(sum(case when decision = 'accept' then n else 0 end) as bigint) as served,
    sum(case when decision = 'accept' then n else 0 end) / cast(sum(n) as double) as offline_coverage
    {by}
from {hours}
where true {where}
group by all
having sum(n) > 0
order by hour {by}
