-- The spans of one trace.
select * exclude (installation, launch, session), received_time - time > 3600000000000 as late
from spans
where trace_id = $trace
order by time, start_time
