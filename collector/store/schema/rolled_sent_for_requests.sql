-- What left devices for requests on the days from `first_day` to before that of `until`: by the sums in `sums` as
-- in rolled_sent, or where `sampled` by those in `senders` (rollup_senders, and fresh_senders for what is
-- not rolled up), which tell whose it was.
create or replace macro rolled_sent_for_requests(sums, senders, kinds, until, first_day, sampled) as table
with summed as (
    select day, received, null as sender, app, environment, release, os, kind, n, bytes, null as squares
    from query_table(sums)
    where not sampled and day >= day_of(first_day) and day < day_of(until)
    union all by name
    select *
    from query_table(senders)
    where sampled and day >= day_of(first_day) and day < day_of(until)
)
select
    m.day, m.received, m.sender as installation, m.app, m.environment,
    coalesce(m.release, 'unknown') as release,
    m.os,
    k.facts.of_feature as feature,
    k.facts.request_network as network,
    k.facts.request_model as model,
    k.facts.measure as measure,
    m.n, m.bytes, m.squares,
    case when sampled then 65536.0 / drawn() else 1.0 end as weight
from summed m
join query_table(kinds) k on k.number = m.kind
where k.facts.from_request and not k.facts.passed_on
