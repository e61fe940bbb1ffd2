-- What the installations of the requests of a trace consented to as of the end of each, by the rule of
-- departures: what the history says of `purposes` (`unknown` where it says several things), or what a
-- departure of the 30 days before said last.
with request as (
    select span_id, installation, feature, time + coalesce(duration, 0) as time
    from spans
    where trace in (select md5_number_lower($trace)) and trace_id in (select $trace)
        and decision is not null and installation is not null
    qualify row_number() over (partition by span_id order by start_time) = 1
),
said as (
    select
        r.span_id,
        arg_max(
            {
                state: s.consent_state,
                since: epoch_ns(try_cast(s.attributes['limen.consent.changed_at'] as timestamptz))
            },
            s.time
        ) as last,
        max(s.time) as time
    from spans s
    join request r on r.installation = s.installation
    where s.kind = 'CLIENT' and s.consent_state is not null and s.consent_state <> 'unknown'
        and (s.feature is null or s.feature = r.feature)
        and s.time <= r.time and s.time >= r.time - 2592000000000000
    group by r.span_id
),
of_purposes as (
    select r.span_id, c.purpose, max(c.time) as time, arg_max(c.state, c.time) as state
    from consents c
    join request r on r.installation = c.installation and c.time <= r.time
    where list_contains($purposes, c.purpose)
    group by r.span_id, c.purpose
),
history as (
    select
        span_id,
        max(time) as time,
        case when min(state) = max(state) then min(state) else 'unknown' end as state
    from of_purposes
    group by span_id
)
select
    lower(hex(coalesce(h.span_id, s.span_id))) as span_id,
    case
        when h.state is null then s.last.state
        when s.last.state is null then h.state
        when s.last.since is not null
            then case when s.last.since > h.time then s.last.state else h.state end
        when s.last.state in ('denied', 'withdrawn') and s.time > h.time then s.last.state
        else h.state
    end as consent_state
from history h
full join said s on s.span_id = h.span_id
