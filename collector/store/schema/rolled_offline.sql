-- The same as rolled_requests of those made without a network.
create or replace macro rolled_offline(sums, until, first_day) as table
select
    day, received, app, environment, feature, release, os, network, model, placement, decision,
    confidence_step, sure_step, n
from counted(sums)
where day >= day_of(first_day) and day < day_of(until)
