-- Departures: data leaving a device, or passed on by a back end, that began in [since, until), one by
-- one; of some traces where `only_traces` is not null.
create or replace macro sent(since, until, only_traces) as table
with placed as (
    select
        l.* exclude (source, said_since, consenting),
        s.* exclude (number, key_id, release_said),
        coalesce(l.bytes <> l.bytes_received, false) as differs
    from standing(since, until) l
    join sources s on s.number = l.source
    where only_traces is null
        or (
            l.trace in (select md5_number_lower(unnest(only_traces)))
            and l.trace_id in (select unnest(only_traces))
        )
),
used as (
    select distinct r.kind, coalesce(k.sort_key, '') as release_key
    from query_table(['rollup_sent', 'fresh_sent']) r
    left join releases k on k.release = r.release
    where r.day >= day_of(since) and r.day <= day_of(until)
)
select
    p.trace_id,
    p.span_id,
    p.request,
    p.time,
    p.received_time,
    p.installation,
    p.app,
    p.environment,
    p.release,
    p.os,
    p.device_model,
    p.country,
    p.bytes,
    p.bytes_received,
    p.consent_since,
    p.differs,
    p.kind,
    cast(1 as bigint) as n,
    hour_of(p.time) as hour,
    day_of(p.time) as day,
    day_of(p.received_time) as received,
    j.* exclude (kind, release_key)
from placed p
join judged('used', ['rollup_kinds', 'fresh_kinds']) j
    on j.kind = p.kind and j.release_key = p.release_key
union all by name
select
    *, cast(1 as bigint) as n, hour_of(time) as hour, day_of(time) as day,
    day_of(received_time) as received
from own_departures(since, until)
where only_traces is null
