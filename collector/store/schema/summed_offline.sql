-- The same of rollup_offline.
create or replace macro summed_offline(rows, sign) as table
select
    day, received, app, environment, feature, release_said, os, network, model, placement_said, decision,
    confidence_step, sure_step,
    sign * sum(n) as n
from query_table(rows)
where network = 'unavailable'
group by all
having sum(n) <> 0
