-- What was rolled up by other rules is not used.
delete from {table}
where exists (select * from rollup_state where rules <> $rules)
