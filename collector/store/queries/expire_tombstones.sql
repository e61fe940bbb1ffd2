-- Retention of the tombstones of traces; those of installations stay.
delete from tombstones where sieve is not null and time < $before and $feature is null
