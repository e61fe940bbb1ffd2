-- The same as sent where all that left is rolled up and of whole days.
create or replace macro sealed_sent(since, until, first_day, by_day) as table
with placed as (
    select r.*, coalesce(k.sort_key, '') as release_key
    from (
        select
            case when by_day then day end as day, case when by_day then received end as received,
            app, environment, release, os, kind, differs,
            sum(n) as n, cast(sum(bytes) as bigint) as bytes
        from rollup_sent
        where day >= day_of(first_day) and day < day_of(until)
        group by all
    ) r
    left join releases k on k.release = r.release
),
used as (select distinct kind, release_key from placed),
kinds as (from rollup_kinds),
{judged}
select
    cast(null as blob) as trace_id, cast(null as bigint) as time,
    p.app, p.environment, coalesce(p.release, 'unknown') as release, p.os, p.bytes, p.differs, p.kind,
    cast(p.n as bigint) as n, p.day, p.received, j.* exclude (kind, release_key)
from placed p
join judged j on j.kind = p.kind and j.release_key = p.release_key
union all by name
select
    app, environment, feature, release, os, leg, destination, region, category, purpose, consent, cause,
    bytes, measure, owner, role, retained, trained_on, granted_later, granted_otherwise, policy_version,
    cast(1 as bigint) as n, day_of(time) as day, day_of(received_time) as received
from own_departures(since, until)
