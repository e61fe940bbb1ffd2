-- Adds what was rolled up.
insert into rollup_departures by name from fresh
