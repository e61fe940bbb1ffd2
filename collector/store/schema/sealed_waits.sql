-- The same as sealed_requests of how long people waited.
create or replace macro sealed_waits(until, first_day) as table
select
    day, received, app, environment, feature, coalesce(release_said, 'unknown') as release, os, network,
    model, decision, answered_by(decision) as answered_by, wait_step, n
from rollup_waits
where day >= day_of(first_day) and day < day_of(until)
