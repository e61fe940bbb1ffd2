-- Departures: data leaving a device, or passed on by a back end, that began in [since, until); of some
-- traces where `only_traces` is not null. `n` is how many a row stands for: from `first_day` to the last
-- midnight up to `until` they are answered by the sums in rollup_sent, which tell no `time` nor whose
-- they were; the others one by one, and those that are not rolled up as they stand, which the sums then
-- lose. The sums are of days where `by_day`, else of all days together.
--
-- The policy is asked about what is alike, once.
create or replace macro sent(since, until, only_traces, first_day, by_day) as table
with anew as materialized (
    from unrolled(null)
),
fresh as materialized (
    from unrolled_departures(since, until, only_traces, null, 1, 0)
    union all by name
    from restated_departures(since, until, only_traces, null, 1, 0)
),
fresh_kinds as materialized (
    select -row_number() over () as number, facts, consent
    from (select distinct facts, consent from fresh)
),
singly as (
    select d.* exclude (said_since, consenting), 1 as n
    from rollup_departures d
    anti join anew u on u.trace_id = d.trace_id and d.time between u.earliest and u.latest
    anti join restated(null) r on r.installation = d.consenting and d.time >= r.earliest
    where d.time >= since and d.time < until and (d.time < first_day or d.time >= midnight(until))
        and (only_traces is null or d.trace_id in (select unnest(only_traces)))
    union all by name
    select d.* exclude (said_since, consenting), -1 as n
    from rollup_departures d
    semi join anew u on u.trace_id = d.trace_id and d.time between u.earliest and u.latest
    where d.time >= first_day and d.time < midnight(until)
        and d.time >= (select min(earliest) from anew)
    union all by name
    select d.* exclude (said_since, consenting), -1 as n
    from rollup_departures d
    semi join restated(null) r on r.installation = d.consenting and d.time >= r.earliest
    anti join anew u on u.trace_id = d.trace_id and d.time between u.earliest and u.latest
    where d.time >= first_day and d.time < midnight(until)
        and d.time >= (select min(r.earliest) from restated(null) r)
    union all by name
    select f.* exclude (facts, consent, said_since, consenting), k.number as kind, 1 as n
    from fresh f
    join fresh_kinds k on k.facts is not distinct from f.facts and k.consent is not distinct from f.consent
),
placed as (
    select
        l.* exclude (source) replace (l.n * l.bytes as bytes),
        coalesce(s.app, 'unknown') as app,
        coalesce(s.environment, 'unknown') as environment,
        s.release,
        s.release_key,
        os_of(s.os_name, s.os_type, s.os_version) as os,
        coalesce(s.device_model, 'unknown') as device_model,
        coalesce(s.country, 'unknown') as country,
        day_of(l.time) as day,
        day_of(l.received_time) as received,
        coalesce(l.bytes <> l.bytes_received, false) as differs
    from singly l
    join sources s on s.number = l.source
    union all by name
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
used as (
    select distinct r.kind, coalesce(k.sort_key, '') as release_key
    from rollup_sent r
    left join releases k on k.release = r.release
    where r.day >= day_of(since) and r.day <= day_of(until)
    union
    select k.number, s.release_key
    from fresh_kinds k
    cross join (select distinct release_key from fresh f join sources s on s.number = f.source) s
),
kinds as (from rollup_kinds union all from fresh_kinds),
ruled as (
    select
        u.kind, u.release_key, unnest(k.facts), unnest(k.consent),
        host_of(k.facts.destination) as host,
        rule_of(k.facts.of_feature, u.release_key) as rule
    from used u
    join kinds k on k.number = u.kind
),
judged as (
    select
        kind,
        release_key,
        from_request,
        of_feature as feature,
        leg_of(passed_on, from_request, from_phone) as leg,
        destination,
        coalesce(chain_region, host.region, 'unknown') as region,
        coalesce(chain_category, 'unknown') as category,
        coalesce(chain_purpose, 'unknown') as purpose,
        coalesce(chain_consent, 'unknown') as consent,
        cause_of(
            from_request, request_decision, request_audited, coalesce(request_placement, rule.placement)
        ) as cause,
        case
            when rule is not null then declared_of(
                of_feature, release_key, destination, chain_purpose, chain_consent, chain_category,
                coalesce(chain_region, host.region), host.role, coalesce(retained_there, host.retained)
            )
        end as declared,
        measure,
        host.owner as owner,
        coalesce(host.role, 'unknown') as role,
        coalesce(retained_there, host.retained) as retained,
        trained_there as trained_on,
        consent_version,
        case when chain_consent is not null then speaks end as consent_from,
        granted_later,
        granted_otherwise,
        server_port = 80 as in_clear,
        request_decision as decision,
        policy_version
    from ruled
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
    coalesce(p.release, 'unknown') as release,
    p.os,
    p.device_model,
    p.country,
    p.bytes,
    p.bytes_received,
    p.consent_since,
    p.differs,
    p.kind,
    cast(p.n as bigint) as n,
    hour_of(p.time) as hour,
    p.day,
    p.received,
    j.* exclude (kind, release_key)
from placed p
join judged j on j.kind = p.kind and j.release_key = p.release_key
union all by name
select
    *, cast(1 as bigint) as n, hour_of(time) as hour, day_of(time) as day,
    day_of(received_time) as received
from own_departures(since, until)
where only_traces is null
