-- What may belong to it.
create temp table near as from spans_near('anew', $first, $last)
