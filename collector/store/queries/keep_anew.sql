-- What left and is not rolled up as it stands, the first of so many parts of it, for as long as the
-- connection lasts.
create temp table left_kept as
from unrolled_departures('anew', 'places', $parts, $part, $from, $to)
