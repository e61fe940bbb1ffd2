-- The transaction up to which everything is rolled up, with the sample as it is.
insert into rollup_state values ($last, $rules, $drawn)
