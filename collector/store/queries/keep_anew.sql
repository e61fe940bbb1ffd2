-- Where to keep what left and is not rolled up as it stands, for as long as the connection lasts.
create temp table left_kept as
select d.* exclude (kind), k.facts, k.consent from rollup_departures d, rollup_kinds k limit 0
