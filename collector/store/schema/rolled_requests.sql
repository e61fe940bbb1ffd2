-- Requests that began in [since, until), counted by day and by what is asked for most: from
-- `first_day` from rollup_requests where they are rolled up, the others one by one. `until` is the end
-- of a day, or nothing is stored of after it.
create or replace macro rolled_requests(since, until, first_day) as table
select
    day, app, environment, feature, release, os, network, model, placement, decision, reason,
    blocked_reason, answered_by, n, numbered
from counted('rollup_requests')
where day >= day_of(first_day) and day < day_of(until + 86399999999999)
union all by name
select
    day, app, environment, feature, release, os, network, model, placement, decision, reason,
    blocked_reason, answered_by, n, numbered
from uncounted_requests(since, until, first_day)
