-- What rollup_{table} does not count yet, up to a transaction.
with fresh as (from uncounted($after, $last))
from summed_{table}('fresh', 1)
