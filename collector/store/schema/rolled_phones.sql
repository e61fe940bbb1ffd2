-- The same as rolled_requests by installation, of the sample of installations and of requests of none.
create or replace macro rolled_phones(since, until, first_day) as table
select
    day, received, installation, session, app, environment, feature, release, os, network, model,
    placement, decision, reason, answered_by, wait_step, n, numbered,
    (select 65536.0 / coalesce(max(drawn), 65536) from rollup_state) as weight
from (
    select
        day, received, installation, session, app, environment, feature, release, os, network, model,
        placement, decision, reason, answered_by, wait_step, n, numbered
    from counted('rollup_phones')
    where day >= day_of(first_day) and day < day_of(until + 86399999999999)
    union all
    select
        day, received, installation, session, app, environment, feature, release, os, network, model,
        placement, decision, reason, answered_by, wait_step, n, numbered
    from uncounted_requests(since, until, first_day)
    where installation is null or step_of(installation) < drawn()
)
