-- One part of the traces that rollup_departures does not cover, up to a transaction.
select * exclude (trace), true as given_up from unrolled($last) where trace % $parts = $part
