-- How far the phone's clock was from the cloud's in each call of one trace that shows it.
select
    lower(hex(span_id)) as span_id, skew / 1e6 as skew_ms, uncertainty / 1e6 as uncertainty_ms
from phone_calls($from, $to, false)
where trace_id = $trace
order by time
