-- What rollup_{table} does not count yet, up to a transaction.
with unrolled as (
    select * from requests where commit_number > $after and commit_number <= $last
)
from summed_{table}('unrolled', 1)
