-- rollup_{table} loses the departures in `gone`.
insert into rollup_{table} by name from summed_{table}('gone', -1)
