-- Erasure: traces that are about to lose the spans of the `erased_installations`, and in the
-- `erased_traces` those that no installation sent.
insert into rollup_dirty by name
select
    trace_id, min(time) - apart() as earliest, max(time) + apart() as latest, false as given_up
from span_facts
where
    installation in (select installation from erased_installations)
    or (installation is null and trace_id in (select trace_id from erased_traces))
group by trace_id
