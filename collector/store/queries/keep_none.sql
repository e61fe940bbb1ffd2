-- All that left is rolled up: it is not looked for again as long as the connection lasts.
create temp table outdated (place bigint);
create temp table fresh_kinds as from rollup_kinds limit 0;
create temp table fresh_departures as from rollup_departures limit 0;
create temp table fresh_sent as from rollup_sent limit 0
