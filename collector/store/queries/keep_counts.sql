-- What rollup_{table} does not count yet, for as long as the connection lasts.
create temp table fresh_{table} as
with fresh as (from uncounted($after, 9223372036854775807))
from summed_{table}('fresh', 1)
