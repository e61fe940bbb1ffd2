-- The same as rolled_requests of how long people waited.
create or replace macro rolled_waits(sums, until, first_day) as table
select
    day, received, app, environment, feature, coalesce(release_said, 'unknown') as release, os, network,
    model, decision, answered_by(decision) as answered_by, wait_step, n
from query_table(sums)
where day >= day_of(first_day) and day < day_of(until)
