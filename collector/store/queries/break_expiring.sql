-- Launches that lose requests by retention; of one feature where `feature` is not null.
insert into rollup_broken
select distinct installation, launch
from requests
where numbered = 1 and received_time < $before and ($feature is null or feature = $feature)
