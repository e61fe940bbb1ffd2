-- Arrival: how long after their start, by the clock of the device, requests were received.
-- dimensions: app environment feature release os device_model country network hour day
-- requests count: requests
-- within_10s ratio: received up to ten seconds after their start, or before it
-- within_1min ratio: the same up to a minute
-- within_10min ratio: up to ten minutes
-- within_1h ratio: up to an hour
-- within_6h ratio: up to six hours
-- within_1d ratio: up to a day
-- within_7d ratio: up to seven days
-- within_30d ratio: up to thirty days: all whose clock is believed
-- late count: received over an hour after their start
-- ahead count: received before their start: the clock of the device is ahead
-- not_believed count: their start is over 30 days before or 10 minutes after their receipt; metrics use the time received
with counted as (
    select
        coalesce(sum(n), 0) as requests,
        nullif(cast(sum(n) as double), 0) as all_n,
        sum(in_10s) as in_10s,
        sum(in_1min) as in_1min,
        sum(in_10min) as in_10min,
        sum(in_1h) as in_1h,
        sum(in_6h) as in_6h,
        sum(in_1d) as in_1d,
        sum(in_7d) as in_7d,
        coalesce(sum(believed), 0) as believed,
        coalesce(sum(believed - in_1h), 0) as late,
        coalesce(sum(ahead), 0) as ahead
        {by}
    from {requests}
    where true {where}
    group by all
    having sum(n) > 0 or $whole
)
select
    cast(requests as bigint) as requests,
    in_10s / all_n as within_10s,
    in_1min / all_n as within_1min,
    in_10min / all_n as within_10min,
    in_1h / all_n as within_1h,
    in_6h / all_n as within_6h,
    in_1d / all_n as within_1d,
    in_7d / all_n as within_7d,
    believed / all_n as within_30d,
    cast(late as bigint) as late,
    cast(ahead as bigint) as ahead,
    cast(requests - believed as bigint) as not_believed
    {by}
from counted
order by requests desc {by}
