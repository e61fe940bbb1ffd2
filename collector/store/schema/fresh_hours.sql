-- What rollup_hours does not count yet, as it would.
create or replace view fresh_hours as
with fresh as (
    from uncounted((select coalesce(max(commit_number), -1) from rollup_state), 9223372036854775807)
)
from summed_hours('fresh', 1)
