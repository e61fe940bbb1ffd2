-- Launches that lose requests by retention; of one feature where `feature` is not null.
insert into rollup_broken
select distinct installation, launch
from numbered_requests
where received_time < $before and ($feature is null or feature = $feature)
