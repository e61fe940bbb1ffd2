-- What left devices for requests, that began in [since, until), one by one; where `sampled` of the sample
-- of installations and of none.
create or replace macro sent_for_requests(since, until, sampled) as table
select
    l.time,
    hour_of(l.time) as hour,
    day_of(l.time) as day,
    day_of(l.received_time) as received,
    l.consenting as installation,
    s.* exclude (number, key_id, release_said),
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
join named_sources s on s.number = l.source
where k.facts.from_request and not k.facts.passed_on
    and (not sampled or l.consenting is null or step_of(l.consenting) < drawn())
