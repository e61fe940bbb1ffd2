-- What may belong to it, of one part of time.
insert into near from spans_near('anew', $first, $last)
