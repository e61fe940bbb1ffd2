-- What there is in their place.
create or replace view fresh_gaps as
select installation, launch, source, time, lost, repeated
from runs_anew(
    'outdated_runs', (select coalesce(max(commit_number), -1) from rollup_state), 9223372036854775807
)
where lost > 0 or repeated > 0
