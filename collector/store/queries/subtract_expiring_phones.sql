-- Retention: requests of the sample that are about to be deleted are counted no more; of one feature
-- where `feature` is not null.
insert into rollup_phones by name
select
    day, installation, app, environment, feature, release_said as release, os, network, model,
    placement_said as placement, decision, reason, blocked_reason,
    -sum(n) as n
from requests
where
    commit_number <= (select coalesce(max(commit_number), -1) from rollup_state)
    and (installation is null or step_of(installation) < drawn())
    and received_time < $before
    and ($feature is null or feature = $feature)
group by all
