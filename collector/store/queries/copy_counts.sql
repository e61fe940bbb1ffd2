-- Copies rollup_{table}, what is equal in one row.
insert into fresh.rollup_{table} by name
from summed_{table}('rollup_{table}', 1)
order by day
