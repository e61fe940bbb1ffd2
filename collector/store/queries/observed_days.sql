-- The days on which something of `observed` was seen first or last.
select distinct unnest([begins, ends]) as day
from observed
order by day
