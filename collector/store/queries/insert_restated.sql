-- What left in a period and is rolled up under another consent.
insert into left_kept by name from restated_departures($from, $to, null, 1, 0)
