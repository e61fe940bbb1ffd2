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
    case
        when s.decision = 'accept' then 'device'
        when s.decision in ('fallback', 'cloud') then 'cloud'
    end as answered_by,
    coalesce(s.app, 'unknown') as app,
    coalesce(s.environment, 'unknown') as environment,
    s.feature,
    coalesce(s.release, 'unknown') as release,
    os_of(s.os_name, s.os_type, s.os_version) as os,
    coalesce(s.device_model, 'unknown') as device_model,
    coalesce(s.country, 'unknown') as country,
    coalesce(s.network, 'unknown') as network,
    coalesce(s.model_name || '@' || s.model_version, s.model_name, 'unknown') as model,
    coalesce(s.runtime, 'unknown') as runtime,
    coalesce(s.delegate, 'unknown') as delegate,
    coalesce(s.threshold_version, 'unknown') as threshold_version,
    coalesce(
        s.placement,
        case when s.decision = 'cloud' then 'cloud' end,
        p.placement,
        'unknown'
    ) as placement,
    case s.decision
        when 'fallback' then coalesce(s.fallback_reason, 'unknown')
        when 'blocked' then coalesce(s.blocked_reason, 'unknown')
        when 'error' then coalesce(s.error_type, 'unknown')
    end as reason,
    hour_of(s.time) as hour,
    day_of(s.time) as day
from spans s
left join releases r on r.release = s.release
left join policy_features p
    on p.feature = s.feature
    and coalesce(r.sort_key, '') >= p.from_key
    and coalesce(r.sort_key, '') < p.until_key
where s.feature is not null and s.decision is not null
