-- The spans of the trace that is kept (keep_trace.sql).
select * exclude (trace, installation, launch, session), received_time - time > 3600000000000 as late
from spans
order by time, start_time
