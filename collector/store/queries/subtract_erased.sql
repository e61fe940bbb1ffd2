-- Erasure: requests that are about to be deleted are counted no more in rollup_{table}.
insert into rollup_{table} by name from summed_{table}('erased_requests', -1)
