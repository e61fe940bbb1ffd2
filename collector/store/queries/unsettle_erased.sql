-- Days that lose something by an erasure.
insert into told_dirty
select day_of(time)
from span_facts
where installation in (select installation from erased_installations)
    or trace_id in (select trace_id from erased_traces)
union
select day_of(received_time)
from batches
where installation in (select installation from erased_installations)
