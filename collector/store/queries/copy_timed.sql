-- Copies the rows of a table from one place to before another. By time: it is what questions ask for.
insert into fresh.{table} by name
select * from {table} where rowid >= $first and rowid < $end order by time
