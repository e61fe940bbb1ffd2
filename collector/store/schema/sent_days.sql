-- By day what rollup_sent holds from `first_day` to `until`, without what the policy says of it.
create or replace macro sent_days(until, first_day) as table
select * replace (coalesce(release, 'unknown') as release)
from rollup_sent
where day >= day_of(first_day) and day < day_of(until)
