-- Departures that traced_departures finds, with the consent they left under, as the history says it now.
--
-- Consent is that of its own time: the app's word on the span or the history's, whichever is newer;
-- where the span does not say since when, the one that permits less.
create or replace macro unrolled_departures(anew, places, parts, part, since, until) as table
with leaving as materialized (
    select * from traced_departures(anew, places, parts, part, since, until)
),
-- What the history says, each entry until the next, and before the first that nothing was said yet;
-- and when consent was granted first.
told as (
    select c.* from consents c semi join leaving l on l.consenting = c.installation
),
history as (
    select
        installation, purpose, state, version, time as since,
        coalesce(
            lead(time) over (partition by installation, purpose order by time), 9223372036854775807
        ) as until,
        min(time) filter (where state = 'granted') over (partition by installation, purpose) as began
    from told
    union all
    select
        installation, purpose, null, null, -9223372036854775807, min(time),
        min(time) filter (where state = 'granted')
    from told
    group by installation, purpose
),
-- For which purpose it was granted first, and when for the two earliest.
grants as (
    select installation, arg_min(purpose, began) as purpose, min(began, 2) as began
    from (
        select installation, purpose, min(time) as began
        from told
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
            when l.facts.chain_purpose is null then null
            when l.facts.chain_purpose = g.purpose then g.began[2]
            else g.began[1]
        end as began_otherwise,
        case
            when h.state is null then 'span'
            when l.facts.said_consent is null then 'history'
            when l.said_since is not null
                then case when l.said_since > h.since then 'span' else 'history' end
            when l.facts.said_consent in ('denied', 'withdrawn') then 'span'
            else 'history'
        end as speaks
    from leaving l
    left join history h
        on h.installation = l.consenting and h.purpose = l.facts.chain_purpose
        and l.time >= h.since and l.time < h.until
    left join grants g on g.installation = l.consenting
)
select
    trace_id, trace, span_id, time, received_time, installation, source, bytes, bytes_received, request,
    said_since, consenting, facts,
    {
        chain_consent: case speaks when 'span' then facts.said_consent else history_consent end,
        consent_version: case speaks when 'span' then facts.said_version else history_version end,
        speaks: speaks,
        granted_later: case
            when said_since <= time then false
            when said_since > time and facts.said_consent = 'granted' then true
            else history_since is null and coalesce(began > time, false)
        end,
        granted_otherwise: coalesce(began_otherwise <= time, false)
    } as consent,
    case speaks when 'span' then said_since else history_since end as consent_since
from held
