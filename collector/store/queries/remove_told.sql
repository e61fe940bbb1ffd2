-- What told_{table} has of a day goes.
delete from told_{table} where day = day_of($day)
