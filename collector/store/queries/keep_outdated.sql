-- And what stands in its place, from one time to another.
create temp table outdated as from outdated_near('anew', $first, $last)
