-- The same as rolled_requests of how long people waited.
create or replace macro rolled_waits(since, until, first_day) as table
from sealed_waits(until, first_day)
union all
select
    day, received, app, environment, feature, release, os, network, model, decision, answered_by,
    wait_step, n
from uncounted_requests(since, until, first_day)
where wait_step is not null
