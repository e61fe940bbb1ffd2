-- What rollup_{table} does not hold yet, up to a transaction.
select * exclude (commit_number)
from span_{table}
where commit_number > $after and commit_number <= $last
