-- Copies what is counted by day, the equal ones in one row.
insert into fresh.rollup_requests by name
select * replace (sum(n) as n, sum(numbered) as numbered)
from rollup_requests
group by all
having sum(n) <> 0
order by day
