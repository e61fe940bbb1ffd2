-- What is to be added to what is rolled up, and to its sums, is asked for where it is kept.
create temp view left_anew as from left_kept;
create temp table fresh_kinds as from main.fresh_kinds;
create temp table fresh_departures as from main.fresh_departures;
create temp table fresh_sent as from main.fresh_sent
