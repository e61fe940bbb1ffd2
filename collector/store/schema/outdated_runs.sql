-- What rollup_runs has of launches of which it does not know all.
create or replace view outdated_runs as
with touched as materialized (
    from launches((select coalesce(max(commit_number), -1) from rollup_state), 9223372036854775807)
),
near as materialized (
    from runs_near('touched', (select min(earliest) from touched), (select max(latest) from touched))
)
from runs_known('touched', 'near')
