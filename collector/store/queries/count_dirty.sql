-- How many traces lost a span since they were rolled up.
select count(*) as traces from rollup_dirty where not given_up
