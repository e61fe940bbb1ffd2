-- Every tombstone.
select mark, sieve from tombstones
