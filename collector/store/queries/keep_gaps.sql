-- Gaps of launches that got a request after a transaction.
create temp table fresh_gaps as
select installation, launch, source, time, lost, repeated
from runs_anew('outdated_runs', $after, 9223372036854775807)
where lost > 0 or repeated > 0
