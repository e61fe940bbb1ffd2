-- What `clocks` (a table as rollup_clocks) says of spans that began in [since, until), with the
-- dimensions they have; `call` of the client spans.
--
-- `start` is the device's own, unknown where no clock could say it; `duration` is unknown where
-- the end is missing or before the start.
create or replace macro clocks_of(clocks, since, until) as table
select
    c.call,
    started(c.time, c.start_time) as start,
    case when c.duration >= 0 then c.duration end as duration,
    c.start_time is null as time_believed,
    c.received_time,
    c.installation,
    s.key_id,
    coalesce(s.app, 'unknown') as app,
    coalesce(s.environment, 'unknown') as environment,
    coalesce(s.release, 'unknown') as release,
    os_of(s.os_name, s.os_type, s.os_version) as os,
    coalesce(s.device_model, 'unknown') as device_model,
    coalesce(s.country, 'unknown') as country,
    hour_of(c.time) as hour,
    day_of(c.time) as day
from query_table(clocks) c
join span_sources s on s.number = c.source
where c.time >= since and c.time < until
