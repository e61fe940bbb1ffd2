-- The requests of the trace that is kept (keep_trace.sql).
select
    lower(hex(span_id)) as span_id, feature, release, placement, placement_inferred, decision,
    reason, confidence, threshold, model, runtime, delegate, network, os, device_model,
    answered_by, output_label, duration / 1e6 as duration_ms, audit_sampled
from requests
order by time
