-- A day is folded.
insert into folded_days values (day_of($day), false, $least)
