-- The same as rolled_requests of how long people waited.
create or replace macro rolled_waits(since, until, first_day) as table
select
    day, received, app, environment, feature, coalesce(release_said, 'unknown') as release, os, network,
    model, decision, answered_by(decision) as answered_by, wait_step, n
from rollup_waits
where day >= day_of(first_day) and day < day_of(until + 86399999999999)
union all
select
    day, received, app, environment, feature, release, os, network, model, decision, answered_by,
    wait_step, n
from uncounted_requests(since, until, first_day)
where wait_step is not null
