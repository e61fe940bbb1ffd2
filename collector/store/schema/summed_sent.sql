-- What rollup_sent has to say of `rows`, which are departures or such sums; `sign` is -1 for what goes.
create or replace macro summed_sent(rows, sign) as table
select
    day, received, app, environment, release, os, kind, differs,
    sign * sum(n) as n,
    cast(sign * sum(bytes) as bigint) as bytes
from query_table(rows)
group by all
having sum(n) <> 0
