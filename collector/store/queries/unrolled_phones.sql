-- The requests that rollup_phones does not count yet, up to a transaction.
select
    day, installation, app, environment, feature, release_said as release, os, network, model,
    placement_said as placement, decision, reason, blocked_reason,
    sum(n) as n
from requests
where commit_number > $after and commit_number <= $last
    and (installation is null or step_of(installation) < drawn())
group by all
