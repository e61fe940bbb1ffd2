-- Logged inputs of a run between two numbers, with the facts of their requests; the cloud's label
-- and the bytes sent are those of the first send that a model endpoint answered.
with chosen as (
    select number, trace_id, span_id, installation, key_id, feature, truth
    from run_inputs($feature, $last_number, $since, $until)
    where number between $first and $last
        and ($only is null or list_contains(cast($only as bigint[]), number))
),
nodes as (
    from nodes_of('chosen')
),
cloud as (
    from cloud_answers('nodes')
)
select
    i.number as "case",
    i.trace_id,
    i.span_id,
    i.installation,
    i.key_id,
    i.truth,
    s.decision,
    s.output_label as device_label,
    s.confidence as device_confidence,
    s.threshold,
    p.threshold as policy_threshold,
    s.model_digest,
    coalesce(s.audit_sampled, false) as audit_sampled,
    s.audit_probability,
    cloud.output_label as cloud_label,
    s.release,
    os_of(s.os_name, s.os_type, s.os_version) as os,
    s.device_model,
    s.network,
    s.runtime,
    s.delegate,
    cloud.sent as egress_bytes
from chosen i
left join nodes s on s.trace_id = i.trace_id and s.span_id = i.span_id
left join releases r on r.release = s.release
left join policy_features p
    on p.feature = i.feature
    and coalesce(r.sort_key, '') >= p.from_key and coalesce(r.sort_key, '') < p.until_key
left join cloud on cloud.trace_id = i.trace_id and cloud.request = i.span_id
order by i.number
