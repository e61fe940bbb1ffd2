-- The same as gaps where every launch is rolled up.
create or replace macro sealed_gaps(since, until) as table
select
    time, installation, app, environment, release, os, device_model, country, lost, repeated,
    hour_of(time) as hour, day_of(time) as day
from rollup_runs
where time >= since and time < until and (lost > 0 or repeated > 0)
