-- Erasure: requests of no installation that are about to be deleted are counted no more.
insert into rollup_phones by name
select
    day, installation, app, environment, feature, release_said as release, os, network, model,
    placement_said as placement, decision, reason, blocked_reason,
    -sum(n) as n
from requests
where
    commit_number <= (select coalesce(max(commit_number), -1) from rollup_state)
    and installation is null and trace_id in (select trace_id from erased_traces)
group by all
