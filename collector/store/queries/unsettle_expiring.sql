-- Days that lose spans by retention; of one feature where `feature` is not null.
insert into told_dirty
select distinct day_of(time)
from span_facts
where received_time < $before
    and (
        $feature is null
        or context in (select number from span_contexts where feature = $feature)
    )
