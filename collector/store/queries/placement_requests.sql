-- Requests in [from, to) by feature: all, without a network, answered by the cloud.
select
    feature,
    count(*) as requests,
    count(*) filter (where network = 'unavailable') as offline_requests,
    count(*) filter (where answered_by = 'cloud') as asked
from requests
where time >= $from and time < $to
group by feature
