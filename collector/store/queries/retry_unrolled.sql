-- Traces that were given up and got a span since may be rolled up after all.
delete from rollup_dirty where given_up and trace_id in (select trace_id from unrolled($last))
