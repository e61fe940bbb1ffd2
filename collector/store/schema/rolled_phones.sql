-- How many installations one of the sample stands for.
create or replace macro weight() as (select 65536.0 / coalesce(max(drawn), 65536) from rollup_state);
-- The same as rolled_requests by installation, of the sample of installations and of requests of none.
create or replace macro rolled_phones(sums, until, first_day) as table
select
    day, received, installation, session, app, environment, feature, release, os, network, model,
    placement, decision, reason, country, device_model, threshold, confidence, answered_by, wait_step,
    n, numbered, weight() as weight
from counted(sums)
where day >= day_of(first_day) and day < day_of(until)
