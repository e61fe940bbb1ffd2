-- Days that lose something by an erasure.
insert into told_dirty
select day_of(time) from traced_spans
union
select day_of(received_time)
from batches
where installation in (select installation from erased_installations)
