-- One part of the traces that rollup_departures does not cover, up to a transaction, is given up.
insert into rollup_dirty
select trace_id, true from unrolled($last) where hash(trace_id) % $parts = $part
