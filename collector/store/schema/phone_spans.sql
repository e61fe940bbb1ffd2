-- Spans of known installations that began in [since, until), with the dimensions they have; where
-- `sampled` of those in the sample (sample.sql).
--
-- `start` is the device's own, unknown where no clock could say it; `duration` is unknown where
-- the end is missing or before the start.
create or replace macro phone_spans(since, until, sampled) as table
select
    trace_id,
    span_id,
    kind,
    time,
    time_believed,
    received_time,
    start_time,
    case when start_time < 9223372036854775807 then cast(start_time as bigint) end as start,
    case when duration >= 0 then duration end as duration,
    installation,
    key_id,
    coalesce(app, 'unknown') as app,
    coalesce(environment, 'unknown') as environment,
    coalesce(release, 'unknown') as release,
    os_of(os_name, os_type, os_version) as os,
    coalesce(device_model, 'unknown') as device_model,
    coalesce(country, 'unknown') as country,
    hour_of(time) as hour,
    day_of(time) as day
from spans
where time >= since and time < until and installation is not null
    and (not sampled or installation < drawn_before())
