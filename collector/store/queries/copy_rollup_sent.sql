-- Copies the sums of what left, the equal ones in one row.
insert into fresh.rollup_sent by name
select * replace (sum(n) as n, sum(bytes) as bytes)
from rollup_sent
group by all
having sum(n) <> 0
order by day
