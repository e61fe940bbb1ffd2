-- What rollup_senders does not say yet.
create or replace view fresh_senders as
select
    m.day, m.received, m.sender, m.app, m.environment, m.release, m.os, m.kind,
    cast(sum(m.n) as bigint) as n, cast(sum(m.bytes) as bigint) as bytes, sum(m.squares) as squares
from moved m
join (from rollup_kinds union all from fresh_kinds) k on k.number = m.kind
where k.facts.from_request and not k.facts.passed_on
    and (m.sender is null or step_of(m.sender) < drawn())
group by all
