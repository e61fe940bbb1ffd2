-- Copies a small table.
insert into fresh.{table} by name from {table}
