-- The departures in `fresh`, which began in a range, are about to go: the sums lose them.
insert into rollup_sent by name
select
    day, received, app, environment, release, os, kind, differs,
    -count(*) as n, -cast(sum(bytes) as bigint) as bytes
from rolled_singly
where time between $first and $last and (trace_id, span_id) in (select (trace_id, span_id) from fresh)
group by all
