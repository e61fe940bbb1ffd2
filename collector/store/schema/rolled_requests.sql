-- Requests that began in [since, until), counted by day and by what is asked for most: the days
-- [first_day, last_day) from rollup_requests, and singly what is not rolled up and what is of other
-- days.
create or replace macro rolled_requests(since, until, first_day, last_day) as table
with rolled as (
    select c.day, c.app, c.environment, c.feature, c.release, c.os, c.network, c.model, c.placement,
        c.decision, c.reason, c.blocked_reason, c.n, c.numbered
    from rollup_requests c
    where day >= day_of(first_day) and day < day_of(last_day)
)
select
    c.day, c.app, c.environment, c.feature, coalesce(c.release, 'unknown') as release, c.os,
    c.network, c.model, answered_by(c.decision) as answered_by,
    placed(c.placement, c.decision, p.placement) as placement, c.decision, c.reason,
    c.blocked_reason, c.n, c.numbered
from rolled c
left join releases r on r.release = c.release
left join policy_features p
    on p.feature = c.feature
    and coalesce(r.sort_key, '') >= p.from_key
    and coalesce(r.sort_key, '') < p.until_key
union all by name
select
    day, app, environment, feature, release, os, network, model, answered_by, placement, decision,
    reason, blocked_reason, n, numbered
from requests
where (time >= since and time < first_day)
union all by name
select
    day, app, environment, feature, release, os, network, model, answered_by, placement, decision,
    reason, blocked_reason, n, numbered
from requests
where time >= last_day and time < until
union all by name
select
    day, app, environment, feature, release, os, network, model, answered_by, placement, decision,
    reason, blocked_reason, n, numbered
from requests
where commit_number > (select coalesce(max(commit_number), -1) from rollup_state)
    and time >= first_day and time < last_day and time < until
