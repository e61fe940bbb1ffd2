-- How many traces and launches lost something since they were rolled up.
select
    (select count(*) from rollup_dirty where not given_up)
    + (select count(*) from rollup_broken) as dirty
