-- Adds to rollup_{table} what was counted.
insert into rollup_{table} by name from fresh
