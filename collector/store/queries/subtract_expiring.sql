-- Retention: requests that are about to be deleted are counted no more in rollup_{table}; of one feature
-- where `feature` is not null.
insert into rollup_{table} by name
with expiring as (
    select *
    from requests
    where
        commit_number <= (select coalesce(max(commit_number), -1) from rollup_state)
        and received_time < $before
        and ($feature is null or feature = $feature)
)
from summed_{table}('expiring', -1)
