-- What no installation sent in some traces, span by span.
select * exclude (installation, launch, session), received_time - time > 3600000000000 as late
from spans
where installation is null and trace_id in (select unnest($traces))
