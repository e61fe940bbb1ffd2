-- So that everything is rolled up anew where the rules are others.
delete from rollup_state where rules <> $rules
