-- Copies the rows of a table that some transactions wrote.
insert into fresh.{table} by name
select * from {table} where commit_number > $after and commit_number <= $last
