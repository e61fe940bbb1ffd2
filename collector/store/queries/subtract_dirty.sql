-- What was rolled up of traces that lost a span is about to go: the sums lose it.
insert into rollup_sent by name
select
    day, received, app, environment, release, os, kind, differs,
    -count(*) as n, -cast(sum(bytes) as bigint) as bytes
from rolled_singly
where trace_id in (select trace_id from rollup_dirty)
group by all
