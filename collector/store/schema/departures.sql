-- Departures: data leaving a device, or passed on by a back end, that began in [since, until);
-- of one trace where `only_trace` is not null.
--
-- A departure is the innermost client span of its chain. Climbing from it: outer client spans lend
-- what it does not say itself, the request tells the cause, a server span on the way means that a
-- back end passed the data on. Bytes are unknown where nothing measured them or no answer came.
-- A departure is declared by one of the ways out of its feature and release whose every condition it
-- meets, in three-valued logic: what nobody says is neither met nor missed.
-- Consent is that of its own time: the app's word on the span or the history's, whichever is newer;
-- where the span does not say since when, the one that permits less.
-- A span id stands for its first span, and no chain is longer than 32: whatever clients send, a
-- climb ends.
create or replace macro departures(since, until, only_trace) as table
with recursive nodes as (
    select
        s.trace_id, s.span_id, s.parent_span_id, s.kind, s.feature, s.decision, s.placement,
        s.audit_sampled, s.egress_region, s.data_categories, s.purpose, s.consent_state,
        s.consent_version, s.attributes['limen.consent.changed_at'] as consent_changed,
        s.time, s.received_time, s.installation, s.app, s.environment, s.release,
        s.os_name, s.os_type, s.os_version, s.device_model, s.country, s.server_address,
        s.error_type, s.http_status, s.egress_bytes, s.http_request_body_size,
        s.http_request_size, s.retained, s.trained_on, s.server_port, s.policy_version,
        s.start_time
    from spans s
    semi join (
        select trace_id
        from spans
        where kind = 'CLIENT' and time >= since and time < until + 3600000000000
            and (only_trace is null or trace_id = only_trace)
    ) t on t.trace_id = s.trace_id
    qualify row_number() over (partition by s.trace_id, s.span_id order by s.start_time) = 1
),
-- Where each span stands in a chain, without what it says: the walk is all that is kept in memory.
walk as (
    select trace_id, span_id as departure, span_id, parent_span_id as parent, 0 as depth, 0 as servers
    from nodes
    where kind = 'CLIENT' and time >= since and time < until + 3600000000000
    union all
    select
        w.trace_id, w.departure, p.span_id, p.parent_span_id, w.depth + 1,
        w.servers + case when p.kind = 'SERVER' then 1 else 0 end
    from walk w
    join nodes p on p.trace_id = w.trace_id and p.span_id = w.parent
    where w.depth < 32 and p.span_id <> w.departure
),
climb as (
    select
        w.trace_id, w.departure, w.depth, w.servers, n.kind, n.span_id, n.feature, n.decision,
        n.placement, n.audit_sampled, n.egress_region, n.data_categories, n.purpose,
        n.consent_state, n.consent_version, n.consent_changed, n.installation
    from walk w
    join nodes n on n.trace_id = w.trace_id and n.span_id = w.span_id
),
-- Spans that are each above the other enclose nothing: neither hides the other.
outers as (
    select distinct c.trace_id, c.span_id
    from climb c
    left join climb back
        on back.trace_id = c.trace_id and back.departure = c.span_id
        and back.span_id = c.departure and back.depth > 0
    where c.depth > 0 and c.kind = 'CLIENT' and c.servers = 0 and back.departure is null
),
chains as (
    select
        trace_id,
        departure,
        max(servers) > 0 as passed_on,
        arg_min(span_id, depth) filter (where feature is not null and decision is not null)
            as request,
        arg_min(decision, depth) filter (where feature is not null and decision is not null)
            as decision,
        arg_min(placement, depth) filter (where feature is not null and decision is not null)
            as placement,
        arg_min(audit_sampled, depth) filter (where feature is not null and decision is not null)
            as audit_sampled,
        arg_min(feature, depth) filter (where feature is not null) as feature,
        arg_min(egress_region, depth)
            filter (where egress_region is not null and kind = 'CLIENT' and servers = 0) as region,
        arg_min(data_categories, depth)
            filter (where data_categories is not null and kind = 'CLIENT' and servers = 0)
            as category,
        arg_min(purpose, depth)
            filter (where purpose is not null and kind = 'CLIENT' and servers = 0) as purpose,
        arg_min(consent_state, depth)
            filter (where consent_state is not null and kind = 'CLIENT' and servers = 0)
            as consent,
        arg_min(consent_version, depth)
            filter (where consent_state is not null and kind = 'CLIENT' and servers = 0)
            as consent_version,
        arg_min(consent_changed, depth)
            filter (where consent_state is not null and kind = 'CLIENT' and servers = 0)
            as consent_changed,
        arg_min(installation, depth) filter (where installation is not null) as consenting
    from climb
    group by trace_id, departure
),
measured as (
    select
        s.* exclude (consent_changed, consent_state, consent_version),
        c.request, c.decision as request_decision, c.placement as request_placement,
        c.audit_sampled as request_audited, c.passed_on,
        coalesce(c.feature, 'unknown') as of_feature,
        c.region as chain_region, c.category as chain_category,
        c.purpose as chain_purpose, nullif(c.consent, 'unknown') as said_consent,
        c.consent_version as said_version,
        epoch_ns(try_cast(c.consent_changed as timestamptz)) as said_since, c.consenting,
        case
            when s.error_type is not null and s.http_status is null then null
            else coalesce(s.egress_bytes, s.http_request_body_size, s.http_request_size)
        end as bytes,
        case
            when s.error_type is not null and s.http_status is null then null
            when s.egress_bytes is not null then 'limen.egress.bytes'
            when s.http_request_body_size is not null then 'http.request.body.size'
            when s.http_request_size is not null then 'http.request.size'
        end as measure,
        coalesce(lower(s.server_address), 'unknown') as destination,
        coalesce(r.sort_key, '') as release_key,
        p.policy_version is not null as has_policy,
        p.placement as policy_placement
    from chains c
    join nodes s on s.trace_id = c.trace_id and s.span_id = c.departure
    left join releases r on r.release = s.release
    left join policy_features p
        on p.feature = coalesce(c.feature, 'unknown')
        and coalesce(r.sort_key, '') >= p.from_key and coalesce(r.sort_key, '') < p.until_key
    where s.time < until
        and not exists (
            from outers o where o.trace_id = c.trace_id and o.span_id = c.departure
        )
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
-- What the other side says.
served as (
    select
        trace_id, parent_span_id, bool_or(retained) as retained, bool_or(trained_on) as trained_on,
        arg_min(http_request_body_size, start_time) as bytes
    from nodes
    where kind = 'SERVER'
    group by trace_id, parent_span_id
),
-- What the history says of the time, and when consent was granted first.
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
    asof left join consents h
        on h.installation = m.consenting and h.purpose = m.chain_purpose and h.time <= m.time
    left join grants g on g.installation = m.consenting
),
known as (
    select
        m.*,
        coalesce(m.chain_region, h.region) as region,
        h.owner,
        h.role,
        coalesce(s.retained, h.retained) as kept_there,
        s.trained_on as trained_there,
        s.bytes as bytes_received,
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
    left join served s on s.trace_id = m.trace_id and s.parent_span_id = m.span_id
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
