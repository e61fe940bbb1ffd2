-- The requests that rollup_requests does not count yet, up to a transaction.
select
    day, app, environment, feature, release_said as release, os, network, model,
    placement_said as placement, decision, reason, blocked_reason,
    sum(n) as n, sum(numbered) as numbered
from requests
where commit_number > $after and commit_number <= $last
group by all
