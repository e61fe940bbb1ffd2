-- Adds the rows of a day to a table once more, as if they were of $back days before.
insert into {table} select * replace ({changed}) from day
