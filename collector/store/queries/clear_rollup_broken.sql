-- All launches that lost a request are rolled up again.
delete from rollup_broken
