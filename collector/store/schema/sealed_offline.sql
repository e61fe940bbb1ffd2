-- The same as sealed_requests of those made without a network.
create or replace macro sealed_offline(until, first_day) as table
select
    day, received, app, environment, feature, release, os, network, model, placement, decision,
    confidence_step, sure_step, n
from counted('rollup_offline')
where day >= day_of(first_day) and day < day_of(until)
