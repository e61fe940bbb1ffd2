-- Where to keep what left in a period and is not rolled up, for as long as the connection lasts.
create temp table traced as from traced_departures(0, 0, null, null, 1, 0)
