-- Requests: spans with a feature and a decision, with every dimension under its own name.
create or replace view requests as
select
    s.trace_id,
    s.span_id,
    s.time,
    s.time_believed,
    s.received_time,
    s.duration,
    s.installation,
    s.launch,
    s.session,
    s.sequence,
    s.decision,
    s.confidence,
    s.threshold,
    s.output_label,
    s.blocked_reason,
    s.model_size,
    p.size_budget,
    s.audit_sampled,
    s.audit_probability,
    s.placement is null as placement_inferred,
    answered_by(s.decision) as answered_by,
    coalesce(s.app, 'unknown') as app,
    coalesce(s.environment, 'unknown') as environment,
    s.feature,
    coalesce(s.release, 'unknown') as release,
    os_of(s.os_name, s.os_type, s.os_version) as os,
    coalesce(s.device_model, 'unknown') as device_model,
    coalesce(s.country, 'unknown') as country,
    coalesce(s.network, 'unknown') as network,
    model_of(s.model_name, s.model_version) as model,
    coalesce(s.runtime, 'unknown') as runtime,
    coalesce(s.delegate, 'unknown') as delegate,
    coalesce(s.threshold_version, 'unknown') as threshold_version,
    placed(s.placement, s.decision, p.placement) as placement,
    reason_of(s.decision, s.fallback_reason, s.blocked_reason, s.error_type) as reason,
    -- Of twenty, null where it is unknown.
    case
        when s.confidence is not null then cast(least(floor(s.confidence * 20), 19) as integer)
    end as confidence_step,
    -- The same; -1: no threshold would have it answered.
    case
        when s.decision in ('cloud', 'error') or (s.decision = 'blocked' and s.confidence >= s.threshold)
            then -1
        else confidence_step
    end as sure_step,
    wait_step(s.decision, s.duration) as wait_step,
    hour_of(s.time) as hour,
    day_of(s.time) as day,
    day_of(s.received_time) as received,
    s.commit_number,
    s.source,
    s.context,
    s.release as release_said,
    s.placement as placement_said,
    cast(1 as bigint) as n,
    cast(
        case
            when s.installation is null or s.launch is null or s.sequence is null then 0 else 1
        end as bigint
    ) as numbered,
    -- How many installations one stands for.
    cast(1 as double) as weight,
    arrived(s.time_believed, s.received_time - s.time, 10) as in_10s,
    arrived(s.time_believed, s.received_time - s.time, 60) as in_1min,
    arrived(s.time_believed, s.received_time - s.time, 600) as in_10min,
    arrived(s.time_believed, s.received_time - s.time, 3600) as in_1h,
    arrived(s.time_believed, s.received_time - s.time, 21600) as in_6h,
    arrived(s.time_believed, s.received_time - s.time, 86400) as in_1d,
    arrived(s.time_believed, s.received_time - s.time, 604800) as in_7d,
    cast(s.time_believed as bigint) as believed,
    cast(s.time_believed and s.received_time < s.time as bigint) as ahead,
    cast(s.device_model is null as bigint) as no_device_model,
    cast(s.country is null as bigint) as no_country,
    cast(s.installation is null as bigint) as no_installation,
    cast(coalesce(s.duration < 0, true) as bigint) as no_duration,
    cast(s.runtime is null as bigint) as no_runtime,
    cast(s.delegate is null as bigint) as no_delegate,
    cast(s.confidence is null as bigint) as no_confidence
from spans s
left join releases r on r.release = s.release
left join policy_features p
    on p.feature = s.feature
    and coalesce(r.sort_key, '') >= p.from_key
    and coalesce(r.sort_key, '') < p.until_key
where s.feature is not null and s.decision is not null
