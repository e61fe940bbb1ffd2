-- What of the requests that came after a transaction rollup_{table} is to count, for as long as the
-- connection lasts.
create temp table fresh_{table} as
with fresh as (
    from uncounted($after, 9223372036854775807)
)
from summed_{table}('fresh', 1)
