-- The place after the last row of a table.
select coalesce(max(rowid) + 1, 0) as place from {table}
