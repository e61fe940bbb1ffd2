-- The traces that hold a span of the installations in `erased_installations`, or an input.
select distinct trace_id
from span_facts
where installation in (select installation from erased_installations)
union
select distinct trace_id
from inputs
where installation in (select installation from erased_installations)
