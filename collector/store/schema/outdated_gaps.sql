-- Rows of rollup_gaps of launches of which rollup_runs does not know all.
create or replace view outdated_gaps as
with touched as materialized (
    from launches((select coalesce(max(commit_number), -1) from rollup_state), 9223372036854775807)
)
from gaps_known('touched')
