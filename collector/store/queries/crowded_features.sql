-- How many inputs are stored of each feature that has more than the fewest that any may keep.
select feature, count(*) as inputs
from inputs
group by feature
having count(*) > $least
order by feature
