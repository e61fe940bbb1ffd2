-- All traces that lost a span are rolled up, but those that are given up.
delete from rollup_dirty where not given_up
