-- Erasure: requests that are about to be deleted are counted no more in rollup_{table}.
insert into rollup_{table} by name
with erased as (
    select *
    from requests
    where
        commit_number <= (select coalesce(max(commit_number), -1) from rollup_state)
        and (
            installation in (select installation from erased_installations)
            or (installation is null and trace_id in (select trace_id from erased_traces))
        )
)
from summed_{table}('erased', -1)
