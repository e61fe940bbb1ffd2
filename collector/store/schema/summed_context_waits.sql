-- The same of rollup_context_waits.
create or replace macro summed_context_waits(rows, sign) as table
select day, received, source, context, network, wait_step, sign * sum(n) as n
from query_table(rows)
where wait_step is not null
group by all
having sum(n) <> 0
