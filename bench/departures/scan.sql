-- Everything that is rolled up, read once.
select count(*), sum(hash(columns(*))) from rollup_departures
