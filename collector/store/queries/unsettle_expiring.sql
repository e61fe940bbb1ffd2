-- Days that lose something by retention; of one feature where `feature` is not null.
insert into told_dirty
select day_of(time)
from span_facts
where received_time < $before
    and (
        $feature is null
        or context in (select number from span_contexts where feature = $feature)
    )
union
select day_of(received_time)
from batches
where received_time < $before and $feature is null
