-- What left devices for requests, that began in [since, until), one by one; where `sampled` of the sample
-- of installations and of none.
create or replace macro sent_for_requests(since, until, sampled) as table
select
    l.time,
    hour_of(l.time) as hour,
    day_of(l.time) as day,
    day_of(l.received_time) as received,
    l.consenting as installation,
    coalesce(s.app, 'unknown') as app,
    coalesce(s.environment, 'unknown') as environment,
    coalesce(s.release, 'unknown') as release,
    os_of(s.os_name, s.os_type, s.os_version) as os,
    coalesce(s.device_model, 'unknown') as device_model,
    coalesce(s.country, 'unknown') as country,
    k.facts.of_feature as feature,
    k.facts.request_network as network,
    k.facts.request_model as model,
    k.facts.measure as measure,
    cast(1 as bigint) as n,
    l.bytes,
    squared(l.bytes, l.consenting) as squares,
    case when sampled then 65536.0 / drawn() else 1.0 end as weight
from standing(since, until) l
join (from rollup_kinds union all from fresh_kinds) k on k.number = l.kind
join span_sources s on s.number = l.source
where k.facts.from_request and not k.facts.passed_on
    and (not sampled or l.consenting is null or step_of(l.consenting) < drawn())
