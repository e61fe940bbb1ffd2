-- What may be rolled up of it, of one part of time.
insert into rolled from rolled_near('anew', $first, $last)
