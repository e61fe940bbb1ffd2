-- Departures: data leaving a device, or passed on by a back end, that began in [since, until);
-- of some traces where `only_traces` is not null. Those that are rolled up are judged kind by kind, for
-- each consent there may be, the others each by itself.
create or replace macro departures(since, until, only_traces) as table
with leaving as not materialized (
    select c.*, s.* from consented(since, until, only_traces) c join sources s on s.number = c.source
),
used as (
    select distinct d.kind, s.release_key
    from (
        select distinct kind, source
        from rollup_departures
        where time >= since and time < until and (only_traces is null or trace_id in (select unnest(only_traces)))
    ) d
    join sources s on s.number = d.source
),
ruled as (
    select
        u.kind, u.release_key, unnest(k.facts), host_of(k.facts.destination) as host,
        rule_of(k.facts.of_feature, u.release_key) as rule
    from used u
    join rollup_kinds k on k.number = u.kind
),
states as (
    select facts.said_consent as state from rollup_kinds
    union
    select state from consents
    union
    select null
),
judged as (
    select
        r.*, s.state,
        declared_of(
            of_feature, release_key, destination, chain_purpose, s.state, chain_category,
            coalesce(chain_region, host.region), host.role, coalesce(retained_there, host.retained)
        ) as declared
    from ruled r
    cross join states s
),
known as (
    select l.* exclude (kind, facts), j.* exclude (kind, release_key, state)
    from leaving l
    join judged j
        on j.kind = l.kind and j.release_key = l.release_key
        and j.state is not distinct from l.chain_consent
    where l.kind is not null
    union all by name
    select
        t.*,
        declared_of(
            of_feature, release_key, destination, chain_purpose, chain_consent, chain_category,
            coalesce(chain_region, host.region), host.role, coalesce(retained_there, host.retained)
        ) as declared
    from (
        select
            * exclude (kind, facts), unnest(facts), host_of(facts.destination) as host,
            rule_of(facts.of_feature, release_key) as rule
        from leaving
        where kind is null
    ) t
)
select
    trace_id,
    span_id,
    request,
    time,
    received_time,
    installation,
    coalesce(app, 'unknown') as app,
    coalesce(environment, 'unknown') as environment,
    of_feature as feature,
    coalesce(release, 'unknown') as release,
    os_of(os_name, os_type, os_version) as os,
    coalesce(device_model, 'unknown') as device_model,
    coalesce(country, 'unknown') as country,
    leg_of(passed_on, from_request, from_phone) as leg,
    destination,
    coalesce(chain_region, host.region, 'unknown') as region,
    coalesce(chain_category, 'unknown') as category,
    coalesce(chain_purpose, 'unknown') as purpose,
    coalesce(chain_consent, 'unknown') as consent,
    cause_of(
        from_request, request_decision, request_audited, coalesce(request_placement, rule.placement)
    ) as cause,
    case when rule is not null then declared end as declared,
    bytes,
    measure,
    hour_of(time) as hour,
    day_of(time) as day,
    host.owner as owner,
    coalesce(host.role, 'unknown') as role,
    coalesce(retained_there, host.retained) as retained,
    trained_there as trained_on,
    bytes_received,
    consent_version,
    consent_since,
    case when chain_consent is not null then speaks end as consent_from,
    granted_later,
    granted_otherwise,
    server_port = 80 as in_clear,
    request_decision as decision,
    policy_version
from known
union all by name
select *, hour_of(time) as hour, day_of(time) as day
from own_departures(since, until)
where only_traces is null
