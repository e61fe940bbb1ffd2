-- By day what `sums`, as in rolled_sent, hold from `first_day` to before the day of `until`, without what
-- the policy says of it.
create or replace macro sent_days(sums, until, first_day) as table
select * replace (coalesce(release, 'unknown') as release)
from query_table(sums)
where day >= day_of(first_day) and day < day_of(until)
