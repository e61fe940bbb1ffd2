-- Erasure: traces that are about to lose spans.
insert into rollup_dirty by name
select
    trace_id, min(time) - apart() as earliest, max(time) + apart() as latest, false as given_up
from traced_spans
where erased
group by trace_id
