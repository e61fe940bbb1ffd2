-- How many these days are in [$from, $to).
select count(*) as days
from unsettled_days($settled, $least)
where day >= day_of($from) and day < day_of($to)
