-- The same as rolled_requests by installation, of the sample of installations and of requests of none.
create or replace macro rolled_phones(since, until, first_day) as table
from sealed_phones(until, first_day)
union all
select
    day, received, installation, session, app, environment, feature, release, os, network, model,
    placement, decision, reason, country, device_model, threshold, confidence, answered_by, wait_step,
    n, numbered, weight() as weight
from uncounted_requests(since, until, first_day)
where installation is null or step_of(installation) < drawn()
