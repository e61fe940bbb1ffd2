-- What left in a period and is not rolled up, for as long as the connection lasts.
create temp table traced as from traced_departures($from, $to, null, null, 1, 0)
