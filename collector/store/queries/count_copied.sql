-- The rows of a table, here and in the copy.
select (select count(*) from {table}) as here, (select count(*) from fresh.{table}) as copied
