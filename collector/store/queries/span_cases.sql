-- Requests of a score-only run, by what their spans say: the answer of the device is the label of its
-- highest score, or of an accepted request the label it gave. The cloud's label and the bytes sent are
-- those of the first send that a model endpoint answered.
with chosen as (
    select *
    from run_spans($feature, $model, $last_number, $since, $until)
    where $model_digest = '' or model_digest = $model_digest
),
nodes as (
    from nodes_of('chosen')
),
cloud as (
    from cloud_answers('nodes')
)
select
    row_number() over (order by s.commit_number, s.trace_id, s.span_id) - 1 as "case",
    coalesce(
        case
            when len(s.scores) = len(s.scores_labels)
                then s.scores_labels[list_position(s.scores, list_max(s.scores))]
        end,
        case when s.decision = 'accept' then s.output_label end
    ) as predicted,
    s.confidence,
    s.scores,
    cast(null as varchar) as failure,
    s.span_id,
    s.installation,
    s.key_id,
    cast(null as varchar) as truth,
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
from chosen s
left join releases r on r.release = s.release
left join policy_features p
    on p.feature = s.feature
    and coalesce(r.sort_key, '') >= p.from_key and coalesce(r.sort_key, '') < p.until_key
left join cloud on cloud.trace_id = s.trace_id and cloud.request = s.span_id
order by "case"
