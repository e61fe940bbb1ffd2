-- One part of the traces that rollup_departures does not cover, up to a transaction.
select *, true as given_up from unrolled($last) where hash(trace_id) % $parts = $part
