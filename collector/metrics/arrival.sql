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
with aged as (
    select
        time_believed as believed,
        (received_time - time) / 1e9 as age
        {by}
    from requests
    where time >= $from and time < $to {where}
),
counted as (
    select
        count(*) as requests,
        nullif(cast(count(*) as double), 0) as n,
        count(case when believed and age <= 10 then 1 end) as in_10s,
        count(case when believed and age <= 60 then 1 end) as in_1min,
        count(case when believed and age <= 600 then 1 end) as in_10min,
        count(case when believed and age <= 3600 then 1 end) as in_1h,
        count(case when believed and age <= 21600 then 1 end) as in_6h,
        count(case when believed and age <= 86400 then 1 end) as in_1d,
        count(case when believed and age <= 604800 then 1 end) as in_7d,
        count(case when believed then 1 end) as in_30d,
        count(case when believed and age > 3600 then 1 end) as late,
        count(case when believed and age < 0 then 1 end) as ahead
        {by}
    from aged
    group by all
)
select
    requests,
    in_10s / n as within_10s,
    in_1min / n as within_1min,
    in_10min / n as within_10min,
    in_1h / n as within_1h,
    in_6h / n as within_6h,
    in_1d / n as within_1d,
    in_7d / n as within_7d,
    in_30d / n as within_30d,
    late,
    ahead,
    requests - in_30d as not_believed
    {by}
from counted
order by requests desc {by}
