-- One part of what left in a period and is not rolled up.
insert into traced from traced_departures($from, $to, null, null, $parts, $part)
