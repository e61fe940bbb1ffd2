-- What was rolled up by other rules is not used.
delete from {table}
