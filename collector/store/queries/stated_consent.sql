-- What the installation of a request consented to as of its end, by the rule of departures: what the history
-- says of `purposes` (`unknown` where it says several things), or what a departure of the 30 days before said last.
with request as (
    select installation, feature, time + coalesce(duration, 0) as time
    from spans
    where trace_id = $trace and span_id = $span
    limit 1
),
said as (
    select
        s.consent_state as state,
        s.time,
        epoch_ns(try_cast(s.attributes['limen.consent.changed_at'] as timestamptz)) as since
    from spans s
    join request r on r.installation = s.installation
    where s.kind = 'CLIENT' and s.consent_state is not null and s.consent_state <> 'unknown'
        and (s.feature is null or s.feature = r.feature)
        and s.time <= r.time and s.time >= r.time - 2592000000000000
    order by s.time desc
    limit 1
),
of_purposes as (
    select c.purpose, max(c.time) as time, arg_max(c.state, c.time) as state
    from consents c
    join request r on r.installation = c.installation and c.time <= r.time
    where list_contains($purposes, c.purpose)
    group by c.purpose
),
history as (
    select
        max(time) as time,
        case when min(state) = max(state) then min(state) else 'unknown' end as state
    from of_purposes
    having count(*) > 0
)
select
    case
        when h.state is null then s.state
        when s.state is null then h.state
        when s.since is not null then case when s.since > h.time then s.state else h.state end
        when s.state in ('denied', 'withdrawn') and s.time > h.time then s.state
        else h.state
    end as consent_state
from history h
full join said s on true
