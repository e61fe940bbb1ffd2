-- Launches of which something came or went: their runs are made anew.
delete from rollup_runs
where (installation, launch) in (select (installation, launch) from fresh)
