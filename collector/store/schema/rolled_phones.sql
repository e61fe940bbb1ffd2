-- The same as rolled_requests by installation, of the sample of installations and of requests of none.
create or replace macro rolled_phones(since, until, first_day) as table
select
    day, installation, app, environment, feature, release, os, network, model, placement, decision,
    reason, blocked_reason, answered_by, n
from counted('rollup_phones')
where day >= day_of(first_day) and day < day_of(until + 86399999999999)
union all by name
select
    day, installation, app, environment, feature, release, os, network, model, placement, decision,
    reason, blocked_reason, answered_by, n
from uncounted_requests(since, until, first_day)
where installation is null or step_of(installation) < drawn()
