-- All traces that lost a span are rolled up.
delete from rollup_dirty
