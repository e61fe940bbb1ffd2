-- What left devices for requests, that began in [since, until): from `first_day` to the last midnight up
-- to `until` by the sums in rollup_sent, or where `sampled` by those in rollup_senders, which tell whose
-- it was; the others one by one, and those that are not rolled up as they stand, which the sums then
-- lose.
create or replace macro sent_for_requests(since, until, first_day, sampled) as table
with anew as materialized (
    from unrolled(null)
),
singly as (
    select d.time, d.received_time, d.consenting, d.source, d.bytes, k.facts, 1 as n
    from rollup_departures d
    anti join anew u on u.trace_id = d.trace_id and d.time between u.earliest and u.latest
    join rollup_kinds k on k.number = d.kind
    where d.time >= since and d.time < until and (d.time < first_day or d.time >= midnight(until))
    union all by name
    select d.time, d.received_time, d.consenting, d.source, d.bytes, k.facts, -1 as n
    from rollup_departures d
    semi join anew u on u.trace_id = d.trace_id and d.time between u.earliest and u.latest
    join rollup_kinds k on k.number = d.kind
    where d.time >= first_day and d.time < midnight(until)
        and d.time >= (select min(earliest) from anew)
    union all by name
    select time, received_time, consenting, source, bytes, facts, 1 as n
    from traced_departures(since, until, null, null, 1, 0)
)
from sealed_sent_for_requests(until, first_day, sampled)
union all by name
select
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
    l.facts.of_feature as feature,
    l.facts.request_network as network,
    l.facts.request_model as model,
    l.facts.measure as measure,
    l.n,
    l.n * l.bytes as bytes,
    l.n * squared(l.bytes, l.consenting) as squares,
    case when sampled then 65536.0 / drawn() else 1.0 end as weight
from singly l
join span_sources s on s.number = l.source
where l.facts.from_request and not l.facts.passed_on
    and (not sampled or l.consenting is null or step_of(l.consenting) < drawn())
