-- Adds the runs of launches that were removed.
insert into rollup_runs by name from fresh;
insert into rollup_gaps by name
select installation, launch, source, time, lost, repeated from fresh where lost > 0 or repeated > 0
