-- Everything that is rolled up, read once.
select sum(hash(columns(*))) from rollup_departures
