-- Those of traces in which something left in [since, until); `calls` is how much at most.
create or replace macro calls_near(anew, near, since, until) as table
with calling as (
    select n.trace, count(*) as calls
    from query_table(near) n
    semi join span_contexts c on c.number = n.context and c.kind = 'CLIENT'
    semi join query_table(anew) u on u.trace = n.trace and n.time between u.earliest and u.latest
    where n.time >= since and n.time < until
    group by n.trace
)
select n.place, n.trace, c.calls
from query_table(near) n
join calling c on c.trace = n.trace
