-- The days of the `edges` that are not `looked_up`.
select start, bool_or(opens) as opens, bool_or(closes) as closes
from edges
where sighting not in (select sighting from looked_up)
group by start
order by start
