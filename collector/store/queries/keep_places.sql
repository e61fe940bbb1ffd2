-- And what does.
create temp table places as from calls_near('anew', 'near', $from, $to)
