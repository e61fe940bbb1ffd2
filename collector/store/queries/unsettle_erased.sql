-- Days that lose spans by an erasure.
insert into told_dirty
select distinct day_of(time)
from span_facts
where installation in (select installation from erased_installations)
    or trace_id in (select trace_id from erased_traces)
