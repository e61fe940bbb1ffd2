-- Clock skew: how far the clocks of phones are from the cloud's; measured, and never corrected. Of over 8,192 installations a sample tells it, and every count is an estimate.
-- dimensions: app environment release os device_model country hour day
-- spans count: spans of known installations
-- not_believed count: of these, whose start is over 30 days before or 10 minutes after their receipt; metrics use the time received
-- installations count: distinct pseudonyms
-- measured count: of these, with calls whose client and server span show the skew
-- calls count: such calls
-- over_1s count: measured installations whose median skew is over a second either way
-- over_1min count: the same over a minute
-- over_1h count: the same over an hour
-- median_skew_ms ms: median of the installations' median skews; positive where the phone's clock is behind the cloud's
-- p95_skew_ms ms: 95th percentile of their size, either way
-- uncertainty_ms ms: median of the installations' median uncertainties; a call's skew is right within its own
-- ahead count: installations certainly over a second ahead, because a span ended after it was received
-- upper_bound_ms ms: median of the installations' shortest time from a span's end to its receipt; skew is at most this
with seen as (
    select
        phone_of(installation) as installation,
        count(*) as spans,
        sum(case when time_believed then 0 else 1 end) as not_believed,
        min(cast(received_time - start as double) - duration) as bound
        {by}
    from {clocks}
    where true {where}
    group by all
),
measured as (
    select
        phone_of(installation) as installation,
        count(*) as calls,
        percentile_cont(0.5) within group (order by skew) as skew,
        percentile_cont(0.5) within group (order by uncertainty) as uncertainty
        {by}
    from {calls}
    where true {where}
    group by all
),
counted as (
    select
        coalesce(sum(s.spans), 0) as spans,
        coalesce(sum(s.not_believed), 0) as not_believed,
        count(s.installation) as installations,
        count(m.installation) as measured,
        coalesce(sum(m.calls), 0) as calls,
        count(case when abs(m.skew) > 1e9 then 1 end) as over_1s,
        count(case when abs(m.skew) > 6e10 then 1 end) as over_1min,
        count(case when abs(m.skew) > 3.6e12 then 1 end) as over_1h,
        percentile_cont(0.5) within group (order by m.skew) / 1e6 as median_skew_ms,
        percentile_cont(0.95) within group (order by abs(m.skew)) / 1e6 as p95_skew_ms,
        percentile_cont(0.5) within group (order by m.uncertainty) / 1e6 as uncertainty_ms,
        count(case when s.bound < -1e9 then 1 end) as ahead,
        percentile_cont(0.5) within group (order by s.bound) / 1e6 as upper_bound_ms
        {by:s}
    from seen s
    left join measured m on m.installation = s.installation {same:s:m}
    group by all
)
select
    of_all(c.spans, d.drawn) as spans,
    of_all(c.not_believed, d.drawn) as not_believed,
    of_all(c.installations, d.drawn) as installations,
    of_all(c.measured, d.drawn) as measured,
    of_all(c.calls, d.drawn) as calls,
    of_all(c.over_1s, d.drawn) as over_1s,
    of_all(c.over_1min, d.drawn) as over_1min,
    of_all(c.over_1h, d.drawn) as over_1h,
    c.median_skew_ms,
    c.p95_skew_ms,
    c.uncertainty_ms,
    of_all(c.ahead, d.drawn) as ahead,
    c.upper_bound_ms
    {by:c}
from counted c
cross join (select drawn() as drawn) d
order by spans desc {by:c}
