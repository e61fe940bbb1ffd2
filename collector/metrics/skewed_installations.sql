-- Skewed installations: the phones whose clocks are over a second off or not believed, the most skewed first. Of over 8,192 installations those of a sample.
-- dimensions: app environment release os device_model country hour day
-- installation text: pseudonym
-- key_id text: which key its pseudonym was made under; under another the same phone has another
-- app text: of its latest span
-- release text: of its latest span
-- device_model text: of its latest span
-- skew_ms ms: median skew of its calls; positive where its clock is behind the cloud's
-- uncertainty_ms ms: median uncertainty of its calls; a call's skew is right within its own
-- calls count: calls whose client and server span show the skew
-- upper_bound_ms ms: shortest time from a span's end to its receipt; skew is at most this
-- spans count: its spans
-- not_believed count: of these, whose start is over 30 days before or 10 minutes after their receipt
-- first_received time: when the first of them was received
-- last_received time: when the last of them was received
with seen as (
    select
        phone_of(installation) as phone,
        any_value(installation) as installation,
        max(key_id) as key_id,
        max_by(app, received_time) as app,
        max_by(release, received_time) as release,
        max_by(device_model, received_time) as device_model,
        count(*) as spans,
        sum(case when time_believed then 0 else 1 end) as not_believed,
        min(cast(received_time - start as double) - duration) as bound,
        min(received_time) as first_received,
        max(received_time) as last_received
    from {clocks}
    where true {where}
    group by phone
),
measured as (
    select
        phone_of(installation) as phone,
        count(*) as calls,
        percentile_cont(0.5) within group (order by skew) as skew,
        percentile_cont(0.5) within group (order by uncertainty) as uncertainty
    from {calls}
    where true {where}
    group by phone
)
select
    lower(hex(s.installation)) as installation,
    s.key_id,
    s.app,
    s.release,
    s.device_model,
    m.skew / 1e6 as skew_ms,
    m.uncertainty / 1e6 as uncertainty_ms,
    coalesce(m.calls, 0) as calls,
    s.bound / 1e6 as upper_bound_ms,
    s.spans,
    cast(s.not_believed as bigint) as not_believed,
    make_timestamp_ns(s.first_received) as first_received,
    make_timestamp_ns(s.last_received) as last_received
from seen s
left join measured m on m.phone = s.phone
where abs(m.skew) > 1e9 or s.bound < -1e9 or s.not_believed > 0
order by
    greatest(coalesce(abs(m.skew), 0), coalesce(-s.bound, 0)) desc,
    s.last_received desc,
    installation
limit 500
