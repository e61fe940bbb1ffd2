-- Departures, counted by everything that a comparison with what is declared asks for; the first three
-- traces of each, and whether another size of body arrived than left. They are counted by their kinds
-- first: the policy is asked about what is alike, once.
with chosen as (
    select *
    from sources
    where ($app is null or coalesce(app, 'unknown') = $app)
        and ($environment is null or coalesce(environment, 'unknown') = $environment)
        and ($release is null or coalesce(release, 'unknown') = $release)
),
counted as (
    select
        source, kind, null as facts, chain_consent, consent_version, granted_later, granted_otherwise,
        bytes <> bytes_received as differing,
        count(*) as transfers,
        cast(sum(bytes) as bigint) as bytes,
        min(time) as first,
        max(time) as last,
        arg_min({time: time, trace_id: trace_id}, time, 3) as earliest
    from consented($from, $to, null)
    where kind is not null and source in (select number from chosen)
    group by all
    union all
    select
        source, null, facts, chain_consent, consent_version, granted_later, granted_otherwise,
        bytes <> bytes_received as differing,
        count(*),
        cast(sum(bytes) as bigint),
        min(time),
        max(time),
        arg_min({time: time, trace_id: trace_id}, time, 3)
    from consented($from, $to, null)
    where kind is null and source in (select number from chosen)
    group by all
),
alike as (
    select
        c.* exclude (kind, facts), s.app, s.release, s.release_key,
        split_part(os_of(s.os_name, s.os_type, s.os_version), ' ', 1) as system,
        unnest(coalesce(c.facts, k.facts))
    from counted c
    join chosen s on s.number = c.source
    left join rollup_kinds k on k.number = c.kind
),
ruled as (
    select a.*, host_of(destination) as host, rule_of(of_feature, release_key) as rule from alike a
),
judged as (
    select
        coalesce(app, 'unknown') as app,
        coalesce(release, 'unknown') as release,
        of_feature as feature,
        system,
        leg_of(passed_on, from_request, from_phone) as leg,
        destination,
        coalesce(chain_region, host.region, 'unknown') as region,
        coalesce(host.role, 'unknown') as role,
        coalesce(chain_category, 'unknown') as category,
        coalesce(chain_purpose, 'unknown') as purpose,
        coalesce(chain_consent, 'unknown') as consent,
        consent_version,
        granted_later,
        granted_otherwise,
        case
            when rule is not null then declared_of(
                of_feature, release_key, destination, chain_purpose, chain_consent, chain_category,
                coalesce(chain_region, host.region), host.role,
                coalesce(retained_there, host.retained)
            )
        end as declared,
        coalesce(retained_there, host.retained) as retained,
        trained_there as trained_on,
        coalesce(
            request_decision in ('fallback', 'cloud') or cause_of(
                from_request, request_decision, request_audited,
                coalesce(request_placement, rule.placement)
            ) = 'audit',
            false
        ) as asked,
        coalesce(server_port = 80, false) as in_clear,
        coalesce(measure = 'http.request.body.size' and differing, false) as differs,
        transfers, bytes, first, last, earliest
    from ruled
    union all by name
    select
        app, release, feature, os as system, leg, destination, region, role, category, purpose, consent,
        granted_later, granted_otherwise, retained, trained_on,
        false as asked, false as in_clear, false as differs,
        count(*) as transfers,
        cast(sum(bytes) as bigint) as bytes,
        min(time) as first,
        max(time) as last
    from own_departures($from, $to)
    where ($app is null or app = $app)
        and ($environment is null or environment = $environment)
        and ($release is null or release = $release)
    group by all
)
select
    * exclude (transfers, bytes, first, last, earliest),
    cast(sum(transfers) as bigint) as transfers,
    cast(sum(bytes) as bigint) as bytes,
    min(first) as first,
    max(last) as last,
    list_transform(
        list_sort(flatten(list(earliest)))[1:3], lambda one: lower(hex(one.trace_id))
    ) as traces
from judged
group by all
order by all
