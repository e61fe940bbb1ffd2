-- What is rolled up of launches that lose requests by retention; of one feature where `feature` is not
-- null.
with expiring as materialized (
    select distinct installation, launch
    from numbered_requests
    where received_time < $before and ($feature is null or feature = $feature)
),
near as materialized (
    select installation, launch, earliest, latest
    from rollup_runs r
    semi join expiring e on e.launch = r.launch
)
select *
from near n
semi join expiring e on e.installation = n.installation and e.launch = n.launch
