-- Copies what is counted of the sample, the equal ones in one row.
insert into fresh.rollup_phones by name
select * replace (sum(n) as n)
from rollup_phones
group by all
having sum(n) <> 0
order by day
