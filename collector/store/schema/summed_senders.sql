-- The same of rollup_senders.
create or replace macro summed_senders(rows, sign) as table
select
    day, received, sender, app, environment, release, os, kind,
    sign * sum(n) as n,
    cast(sign * sum(bytes) as bigint) as bytes,
    sign * sum(squares) as squares
from query_table(rows)
where (sender is null or step_of(sender) < drawn())
    and kind in (select number from rollup_kinds where facts.from_request and not facts.passed_on)
group by all
having sum(n) <> 0
