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
    s.* exclude (number, release_said),
    hour_of(c.time) as hour,
    day_of(c.time) as day
from query_table(clocks) c
join named_sources s on s.number = c.source
where c.time >= since and c.time < until
