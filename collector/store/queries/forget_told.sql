-- What told_{table} has of days that lost spans goes.
delete from told_{table} where day in (select day from told_dirty)
