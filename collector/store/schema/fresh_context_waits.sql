-- What rollup_context_waits does not count yet, as it would.
create or replace view fresh_context_waits as
with fresh as (
    from uncounted((select coalesce(max(commit_number), -1) from rollup_state), 9223372036854775807)
)
from summed_context_waits('fresh', 1)
