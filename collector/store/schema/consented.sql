-- Departures that began in [since, until), of some traces where `only_traces` is not null, with the consent
-- they left under. What their traces tell is in rollup_departures, but for traces that it does not cover
-- yet; these have no `kind`, and `facts` of their own.
--
-- Consent is that of its own time: the app's word on the span or the history's, whichever is newer;
-- where the span does not say since when, the one that permits less.
create or replace macro consented(since, until, only_traces) as table
with leaving as (
    select
        d.trace_id, d.span_id, d.time, d.received_time, d.installation, d.source, d.kind,
        null as facts, d.bytes, d.bytes_received, d.request, d.said_since, d.consenting,
        k.facts.chain_purpose as chain_purpose, k.facts.said_consent as said_consent,
        k.facts.said_version as said_version
    from rollup_departures d
    anti join unrolled(null) u on u.trace_id = d.trace_id
    join rollup_kinds k on k.number = d.kind
    where d.time >= since and d.time < until and (only_traces is null or d.trace_id in (select unnest(only_traces)))
    union all by name
    select
        t.*, facts.chain_purpose as chain_purpose, facts.said_consent as said_consent,
        facts.said_version as said_version
    from traced_departures(since, until, only_traces, null, 1, 0) t
),
-- What the history says, each entry until the next, and before the first that nothing was said yet;
-- and when consent was granted first.
history as (
    select
        installation, purpose, state, version, time as since,
        coalesce(
            lead(time) over (partition by installation, purpose order by time), 9223372036854775807
        ) as until,
        min(time) filter (where state = 'granted') over (partition by installation, purpose) as began
    from consents
    union all
    select
        installation, purpose, null, null, -9223372036854775807, min(time),
        min(time) filter (where state = 'granted')
    from consents
    group by installation, purpose
),
-- For which purpose it was granted first, and when for the two earliest.
grants as (
    select installation, arg_min(purpose, began) as purpose, min(began, 2) as began
    from (
        select installation, purpose, min(time) as began
        from consents
        where state = 'granted'
        group by installation, purpose
    )
    group by installation
),
held as (
    select
        l.*,
        h.state as history_consent,
        h.version as history_version,
        case when h.state is not null then h.since end as history_since,
        h.began,
        case
            when l.chain_purpose is null then null
            when l.chain_purpose = g.purpose then g.began[2]
            else g.began[1]
        end as began_otherwise,
        case
            when h.state is null then 'span'
            when l.said_consent is null then 'history'
            when l.said_since is not null
                then case when l.said_since > h.since then 'span' else 'history' end
            when l.said_consent in ('denied', 'withdrawn') then 'span'
            else 'history'
        end as speaks
    from leaving l
    left join history h
        on h.installation = l.consenting and h.purpose = l.chain_purpose
        and l.time >= h.since and l.time < h.until
    left join grants g on g.installation = l.consenting
)
select
    trace_id, span_id, time, received_time, installation, source, kind, facts, bytes, bytes_received,
    request,
    case speaks when 'span' then said_consent else history_consent end as chain_consent,
    case speaks when 'span' then said_version else history_version end as consent_version,
    case speaks when 'span' then said_since else history_since end as consent_since,
    speaks,
    case
        when said_since <= time then false
        when said_since > time and said_consent = 'granted' then true
        else history_since is null and coalesce(began > time, false)
    end as granted_later,
    coalesce(began_otherwise <= time, false) as granted_otherwise
from held
