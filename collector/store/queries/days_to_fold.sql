-- When the days began, in ns, of which the first spans expire before $before.
select distinct time - time % 86400000000000 as day
from span_facts
where received_time < $before and time < $before
    and day_of(time) not in (select day from folded_days)
order by day
