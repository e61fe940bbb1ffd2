-- All of it is rolled up.
insert into rollup_state values ($commit, $rules)
