-- The same as rolled_offline by the hour in which they were made.
create or replace macro rolled_hours(sums, until, first_day) as table
select
    day, received, hour, app, environment, feature, release, os, network, model, placement, decision, n
from counted(sums)
where day >= day_of(first_day) and day < day_of(until)
