-- The same of rollup_waits.
create or replace macro summed_waits(rows, sign) as table
select
    day, received, app, environment, feature, release_said, os, network, model, decision, wait_step,
    sign * sum(n) as n
from query_table(rows)
where wait_step is not null
group by all
having sum(n) <> 0
