-- How far the phone's clock was from the cloud's in each call of one trace that shows it.
with asked as (
    select
        span_id as call, time, started(time, start_time) as start,
        case when duration >= 0 then duration end as duration
    from spans
    where trace_id = $trace and kind = 'CLIENT' and installation is not null
        and time >= $from and time < $to
),
answered as (
    select parent_span_id as call, started(time, start_time) as start, duration
    from spans
    where trace_id = $trace and kind = 'SERVER'
        and time >= $from - 2592000000000000 and time < $to + 2592000000000000
)
select lower(hex(call)) as span_id, skew / 1e6 as skew_ms, uncertainty / 1e6 as uncertainty_ms
from skews('asked', 'answered')
order by time
