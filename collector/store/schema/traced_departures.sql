-- What left devices, as the spans of their traces alone tell it: departures that began in [since,
-- until), of the traces in `anew` as unrolled has them, whose spans are at `places` (calls_near); of
-- these the `part`-th of so many `parts`. Policy and consent are applied where it is asked for.
--
-- A departure is the innermost client span of its chain. Climbing from it: outer client spans lend
-- what it does not say itself, the request tells the cause, a server span on the way means that a
-- back end passed the data on. Bytes are unknown where nothing measured them or no answer came.
-- A span id stands for its first span, no chain is longer than 32, and none of it is further from the
-- departure than apart(): whatever clients send, a climb ends.
create or replace macro traced_departures(anew, places, parts, part, since, until) as table
with recursive mine as materialized (
    select place from query_table(places) where trace % parts = part
),
nodes as (
    select
        s.trace_id, s.trace, s.span_id, s.parent_span_id, c.kind, c.feature, c.decision, c.placement,
        c.audit_sampled, c.egress_region, c.data_categories, c.purpose, c.consent_state,
        c.consent_version, s.attributes['limen.consent.changed_at'] as consent_changed,
        s.time, s.received_time, s.installation, s.source, c.server_address, c.error_type, c.http_status,
        s.egress_bytes, s.http_request_body_size, s.http_request_size, c.retained, c.trained_on,
        c.server_port, c.policy_version, coalesce(s.start_time, cast(s.time as ubigint)) as start_time,
        coalesce(c.network, 'unknown') as network,
        model_of(c.model_name, c.model_version) as model
    from span_facts s
    semi join mine p on p.place = s.rowid
    join span_contexts c on c.number = s.context
    qualify row_number() over (partition by s.trace_id, s.span_id order by coalesce(s.start_time, cast(s.time as ubigint))) = 1
),
-- Where each span stands in a chain, without what it says: the walk is all that is kept in memory.
walk as (
    select
        trace_id, span_id as departure, time as departed, span_id, parent_span_id as parent, 0 as depth,
        0 as servers
    from nodes
    where kind = 'CLIENT'
    union all
    select
        w.trace_id, w.departure, w.departed, p.span_id, p.parent_span_id, w.depth + 1,
        w.servers + case when p.kind = 'SERVER' then 1 else 0 end
    from walk w
    join nodes p on p.trace_id = w.trace_id and p.span_id = w.parent
    where w.depth < 32 and p.span_id <> w.departure and abs(p.time - w.departed) <= apart()
),
climb as (
    select
        w.trace_id, w.departure, w.depth, w.servers, n.kind, n.span_id, n.feature, n.decision,
        n.placement, n.audit_sampled, n.network, n.model, n.egress_region, n.data_categories, n.purpose,
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
        arg_min(network, depth) filter (where feature is not null and decision is not null)
            as network,
        arg_min(model, depth) filter (where feature is not null and decision is not null) as model,
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
-- What the other side says.
served as (
    select
        o.trace_id, o.parent_span_id, bool_or(o.retained) as retained,
        bool_or(o.trained_on) as trained_on, arg_min(o.http_request_body_size, o.start_time) as bytes
    from nodes o
    join nodes s on s.trace_id = o.trace_id and s.span_id = o.parent_span_id
    where o.kind = 'SERVER' and abs(o.time - s.time) <= apart()
    group by o.trace_id, o.parent_span_id
)
select
    s.trace_id, s.trace, s.span_id, s.time, s.received_time, s.installation, s.source,
    case
        when s.error_type is not null and s.http_status is null then null
        else coalesce(s.egress_bytes, s.http_request_body_size, s.http_request_size)
    end as bytes,
    v.bytes as bytes_received,
    c.request,
    epoch_ns(try_cast(c.consent_changed as timestamptz)) as said_since,
    c.consenting,
    {
        from_request: c.request is not null,
        from_phone: s.installation is not null,
        passed_on: c.passed_on,
        request_decision: c.decision,
        request_placement: c.placement,
        request_audited: c.audit_sampled,
        request_network: c.network,
        request_model: c.model,
        of_feature: coalesce(c.feature, 'unknown'),
        policy_version: s.policy_version,
        destination: coalesce(lower(s.server_address), 'unknown'),
        server_port: s.server_port,
        measure: case
            when s.error_type is not null and s.http_status is null then null
            when s.egress_bytes is not null then 'limen.egress.bytes'
            when s.http_request_body_size is not null then 'http.request.body.size'
            when s.http_request_size is not null then 'http.request.size'
        end,
        chain_region: c.region,
        chain_category: c.category,
        chain_purpose: c.purpose,
        said_consent: nullif(c.consent, 'unknown'),
        said_version: c.consent_version,
        retained_there: v.retained,
        trained_there: v.trained_on
    } as facts
from chains c
join nodes s on s.trace_id = c.trace_id and s.span_id = c.departure
semi join query_table(anew) u on u.trace_id = s.trace_id and s.time between u.earliest and u.latest
left join served v on v.trace_id = s.trace_id and v.parent_span_id = s.span_id
where s.time >= since and s.time < until
    and not exists (from outers o where o.trace_id = c.trace_id and o.span_id = c.departure)
