-- The rules that what is rolled up was rolled up by.
select rules from rollup_state
