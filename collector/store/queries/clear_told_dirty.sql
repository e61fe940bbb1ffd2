-- Its cells are made.
delete from told_dirty where day = day_of($day)
