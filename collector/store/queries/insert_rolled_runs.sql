-- Adds the runs of launches that were removed.
insert into rollup_runs by name from fresh
