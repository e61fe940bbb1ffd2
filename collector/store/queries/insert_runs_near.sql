-- Those of one part of time.
insert into runs_kept from runs_near('touched', $first, $last)
