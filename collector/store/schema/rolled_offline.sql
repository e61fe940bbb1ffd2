-- The same as rolled_requests of those made without a network.
create or replace macro rolled_offline(since, until, first_day) as table
from sealed_offline(until, first_day)
union all
select
    day, received, app, environment, feature, release, os, network, model, placement, decision,
    confidence_step, sure_step, n
from uncounted_requests(since, until, first_day)
where network = 'unavailable'
