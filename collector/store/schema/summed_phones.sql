-- The same of rollup_phones.
create or replace macro summed_phones(rows, sign) as table
select
    day, received, installation, session, app, environment, feature, release_said, os, network, model,
    placement_said, decision, reason, country, device_model, threshold, confidence, wait_step,
    sign * sum(n) as n,
    sign * sum(numbered) as numbered
from query_table(rows)
where installation is null or step_of(installation) < drawn()
group by all
having sum(n) <> 0
