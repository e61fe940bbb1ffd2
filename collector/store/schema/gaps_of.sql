-- The gaps that `runs` tell in [since, until), with the dimensions of the requests after them.
create or replace macro gaps_of(runs, since, until) as table
select
    r.time, r.installation,
    coalesce(s.app, 'unknown') as app,
    coalesce(s.environment, 'unknown') as environment,
    coalesce(s.release, 'unknown') as release,
    os_of(s.os_name, s.os_type, s.os_version) as os,
    coalesce(s.device_model, 'unknown') as device_model,
    coalesce(s.country, 'unknown') as country,
    r.lost, r.repeated, hour_of(r.time) as hour, day_of(r.time) as day
from query_table(runs) r
join span_sources s on s.number = r.source
where r.time >= since and r.time < until and (r.lost > 0 or r.repeated > 0)
