-- The same of rollup_hours.
create or replace macro summed_hours(rows, sign) as table
select
    day, received, hour, app, environment, feature, release_said, os, network, model, placement_said,
    decision,
    sign * sum(n) as n
from query_table(rows)
where network = 'unavailable'
group by all
having sum(n) <> 0
