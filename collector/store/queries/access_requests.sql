-- The requests of an installation: what was asked of which model, and who answered why.
select
    time, app, release, environment, feature, placement, decision, reason, answered_by, model,
    confidence, threshold, output_label, network, lower(hex(trace_id)) as trace_id
from requests
where list_contains($pseudonyms, installation)
order by time
