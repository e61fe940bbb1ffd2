-- All that was rolled up of installations whose history lost an entry is made anew.
delete from rollup_restated
