-- How far the phone's clock was from the cloud's in each call of the trace that is kept (keep_trace.sql)
-- that shows it.
with asked as (
    select
        span_id as call, time, started(time, start_time) as start,
        case when duration >= 0 then duration end as duration
    from spans
    where kind = 'CLIENT' and installation is not null
),
answered as (
    select parent_span_id as call, started(time, start_time) as start, duration
    from spans
    where kind = 'SERVER'
)
select lower(hex(call)) as span_id, skew / 1e6 as skew_ms, uncertainty / 1e6 as uncertainty_ms
from skews('asked', 'answered')
order by time
