-- What rollup_contexts does not count yet, as it would.
create or replace view fresh_contexts as
with fresh as (
    from uncounted((select coalesce(max(commit_number), -1) from rollup_state), 9223372036854775807)
)
from summed_contexts('fresh', 1)
