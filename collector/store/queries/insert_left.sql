-- Another part, its columns in the same order: by name it would be planned twice.
insert into left_kept from unrolled_departures('anew', 'places', $parts, $part, $from, $to)
