-- Departures of the days from `first_day` to before that of `until`, by the sums in `sums`: rollup_sent,
-- and fresh_sent for what is not rolled up; `kinds` as in judged. `n` is how many a row stands for; they
-- tell no time nor whose they were. The sums are of days where `by_day`, else of all days together.
create or replace macro rolled_sent(sums, kinds, until, first_day, by_day) as table
with placed as (
    select r.*, coalesce(k.sort_key, '') as release_key
    from (
        select
            case when by_day then day end as day, case when by_day then received end as received,
            app, environment, release, os, kind, differs,
            sum(n) as n, cast(sum(bytes) as bigint) as bytes
        from query_table(sums)
        where day >= day_of(first_day) and day < day_of(until)
        group by all
    ) r
    left join releases k on k.release = r.release
),
used as (
    select distinct kind, release_key from placed
)
select
    cast(null as blob) as trace_id, cast(null as bigint) as time,
    p.app, p.environment, coalesce(p.release, 'unknown') as release, p.os, p.bytes, p.differs, p.kind,
    cast(p.n as bigint) as n, p.day, p.received, j.* exclude (kind, release_key)
from placed p
join judged('used', kinds) j on j.kind = p.kind and j.release_key = p.release_key
union all by name
select
    app, environment, feature, release, os, leg, destination, region, category, purpose, consent, cause,
    bytes, measure, owner, role, retained, trained_on, granted_later, granted_otherwise, policy_version,
    cast(1 as bigint) as n, day_of(time) as day, day_of(received_time) as received
from own_departures(first_day, midnight(until))
