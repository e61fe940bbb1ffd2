-- Departures: data leaving a device, or passed on by a back end, that began in [since, until);
-- of one trace where `only_trace` is not null. What their traces tell is in rollup_departures, but
-- for traces that it does not cover yet.
--
-- A departure is declared by one of the ways out of its feature and release whose every condition it
-- meets, in three-valued logic: what nobody says is neither met nor missed.
-- Consent is that of its own time: the app's word on the span or the history's, whichever is newer;
-- where the span does not say since when, the one that permits less.
create or replace macro departures(since, until, only_trace) as table
with traced as (
    select d.*
    from rollup_departures d
    anti join unrolled(null) u on u.trace_id = d.trace_id
    where d.time >= since and d.time < until and (only_trace is null or d.trace_id = only_trace)
    union all by name
    from traced_departures(since, until, only_trace, null, 1, 0)
),
measured as (
    select
        d.*,
        coalesce(r.sort_key, '') as release_key,
        p.policy_version is not null as has_policy,
        p.placement as policy_placement
    from traced d
    left join releases r on r.release = d.release
    left join policy_features p
        on p.feature = d.of_feature
        and coalesce(r.sort_key, '') >= p.from_key and coalesce(r.sort_key, '') < p.until_key
),
-- Of each fact the host that fits best and says it.
hosts as (
    select
        d.destination,
        arg_max(h.owner, length(replace(h.host, '%', ''))) as owner,
        arg_max(h.region, length(replace(h.host, '%', ''))) as region,
        arg_max(h.role, length(replace(h.host, '%', ''))) as role,
        arg_max(h.retained, length(replace(h.host, '%', ''))) as retained
    from (select distinct destination from measured) d
    join policy_hosts h on d.destination like h.host escape '\'
    group by d.destination
),
-- What the history says, each entry until the next, and when consent was granted first.
history as (
    select
        installation, purpose, state, version, time,
        coalesce(
            lead(time) over (partition by installation, purpose order by time), 9223372036854775807
        ) as until
    from consents
),
grants as (
    select
        installation,
        list({purpose: purpose, began: began}) as purposes
    from (
        select installation, purpose, min(time) as began
        from consents
        where state = 'granted'
        group by installation, purpose
    )
    group by installation
),
consented as (
    select
        m.*,
        h.time as history_since,
        case
            when h.state is null then 'span'
            when m.said_consent is null then 'history'
            when m.said_since is not null
                then case when m.said_since > h.time then 'span' else 'history' end
            when m.said_consent in ('denied', 'withdrawn') then 'span'
            else 'history'
        end as speaks,
        h.state as history_consent,
        h.version as history_version,
        g.purposes as granted_purposes
    from measured m
    left join history h
        on h.installation = m.consenting and h.purpose = m.chain_purpose
        and m.time >= h.time and m.time < h.until
    left join grants g on g.installation = m.consenting
),
known as (
    select
        m.*,
        coalesce(m.chain_region, h.region) as region,
        h.owner,
        h.role,
        coalesce(m.retained_there, h.retained) as kept_there,
        case m.speaks when 'span' then m.said_consent else m.history_consent end as chain_consent,
        case m.speaks when 'span' then m.said_version else m.history_version end
            as consent_version,
        case m.speaks when 'span' then m.said_since else m.history_since end as consent_since,
        case
            when m.said_since <= m.time then false
            else coalesce(m.said_since > m.time and m.said_consent = 'granted', false) or (
                m.history_since is null and coalesce(
                    list_bool_or([
                        g.began > m.time for g in m.granted_purposes if g.purpose = m.chain_purpose
                    ]),
                    false
                )
            )
        end as granted_later,
        coalesce(
            list_bool_or([
                g.began <= m.time for g in m.granted_purposes if g.purpose <> m.chain_purpose
            ]),
            false
        ) as granted_otherwise,
        string_split(m.chain_category, ',') as chain_categories
    from consented m
    left join hosts h on h.destination = m.destination
),
ways as (
    select
        k.trace_id,
        k.span_id,
        case when k.destination <> 'unknown' then k.destination like f.host escape '\' end
        and k.chain_purpose = f.purpose
        and case
            when f.consent = 'not_required' then true
            when k.chain_consent is not null then k.chain_consent = f.consent
        end
        and case
            when not list_has_all(list_append(f.categories, 'unknown'), k.chain_categories)
                then false
            when not list_contains(k.chain_categories, 'unknown') then true
        end
        and (f.region is null or lower(k.region) = lower(f.region))
        and (f.role is null or k.role = f.role)
        and (coalesce(f.retained, true) or not k.kept_there)
        and f.sure as taken
    from known k
    join policy_flows f
        on f.feature = k.of_feature
        and k.release_key >= f.from_key and k.release_key < f.until_key
),
declared as (
    select
        trace_id,
        span_id,
        case when bool_or(taken) then true when bool_or(taken is null) then null else false end
            as declared
    from ways
    group by trace_id, span_id
)
select
    m.trace_id,
    m.span_id,
    m.request,
    m.time,
    m.received_time,
    m.installation,
    coalesce(m.app, 'unknown') as app,
    coalesce(m.environment, 'unknown') as environment,
    m.of_feature as feature,
    coalesce(m.release, 'unknown') as release,
    os_of(m.os_name, m.os_type, m.os_version) as os,
    coalesce(m.device_model, 'unknown') as device_model,
    coalesce(m.country, 'unknown') as country,
    case
        when m.passed_on then 'onward'
        when m.request is not null or m.installation is not null then 'device'
        else 'unknown'
    end as leg,
    m.destination,
    coalesce(m.region, 'unknown') as region,
    coalesce(m.chain_category, 'unknown') as category,
    coalesce(m.chain_purpose, 'unknown') as purpose,
    coalesce(m.chain_consent, 'unknown') as consent,
    case
        when m.request is null then 'unknown'
        when m.request_decision = 'accept' and m.request_audited then 'audit'
        when m.request_decision in ('accept', 'cloud') then 'design'
        when coalesce(m.request_placement, m.policy_placement) = 'cloud' then 'design'
        else 'fallback'
    end as cause,
    case
        when not m.has_policy then null
        when d.span_id is null then false
        else d.declared
    end as declared,
    m.bytes,
    m.measure,
    hour_of(m.time) as hour,
    day_of(m.time) as day,
    m.owner,
    coalesce(m.role, 'unknown') as role,
    m.kept_there as retained,
    m.trained_there as trained_on,
    m.bytes_received,
    m.consent_version,
    m.consent_since,
    case when m.chain_consent is not null then m.speaks end as consent_from,
    m.granted_later,
    m.granted_otherwise,
    m.server_port = 80 as in_clear,
    m.request_decision as decision,
    m.policy_version
from known m
left join declared d on d.trace_id = m.trace_id and d.span_id = m.span_id
union all
select
    null, null, null, b.received_time, b.received_time, b.installation,
    coalesce(b.app, 'unknown'), coalesce(b.environment, 'unknown'), 'unknown',
    coalesce(b.release, 'unknown'), 'unknown', 'unknown', 'unknown',
    'device', 'telemetry', 'unknown',
    case b.signal when 'traces' then 'diagnostics_other' else 'unknown' end,
    'analytics', 'unknown', 'design', null, b.body_bytes, 'otlp.body',
    hour_of(b.received_time),
    day_of(b.received_time),
    'Limen', 'first_party', true, false, b.body_bytes, null, null, null, false, false, null, null,
    b.policy_version
from batches b
where only_trace is null and b.installation is not null and b.received_time >= since and b.received_time < until
