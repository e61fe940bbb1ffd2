-- The same as rolled_requests by every dimension that is not of one request alone; or as rolled_waits, of
-- sums such as rollup_context_waits.
create or replace macro rolled_contexts(sums, until, first_day) as table
select
    d.* exclude (source, context, network),
    s.app,
    s.environment,
    s.release,
    s.os,
    s.device_model,
    s.country,
    c.feature,
    d.network,
    model_of(c.model_name, c.model_version) as model,
    c.model_size,
    p.size_budget,
    placed(c.placement, c.decision, p.placement) as placement,
    c.placement is null as placement_inferred,
    c.decision,
    reason_of(c.decision, c.fallback_reason, c.blocked_reason, c.error_type) as reason,
    c.blocked_reason,
    c.threshold,
    coalesce(c.threshold_version, 'unknown') as threshold_version,
    coalesce(c.runtime, 'unknown') as runtime,
    coalesce(c.delegate, 'unknown') as delegate,
    answered_by(c.decision) as answered_by
from (
    from query_table(sums) where day >= day_of(first_day) and day < day_of(until)
) d
join named_sources s on s.number = d.source
join span_contexts c on c.number = d.context
left join releases r on r.release = s.release_said
left join policy_features p
    on p.feature = c.feature
    and coalesce(r.sort_key, '') >= p.from_key and coalesce(r.sort_key, '') < p.until_key
