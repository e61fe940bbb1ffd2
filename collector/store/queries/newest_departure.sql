-- When the last departure that is rolled up left, of those from $from to before $to.
select max(time) as time
from rollup_departures
where time >= $from and time < $to
