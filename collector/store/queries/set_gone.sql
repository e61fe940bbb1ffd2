-- Everything of folded days before $before expires.
update folded_days set all_gone = true where not all_gone and day < day_of($before)
