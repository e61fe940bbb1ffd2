-- What was rolled up by other rules is not used.
delete from rollup_departures
where exists (select * from rollup_state where rules <> $rules)
