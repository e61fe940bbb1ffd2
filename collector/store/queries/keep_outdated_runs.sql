-- What rollup_runs has of these.
create temp table outdated_runs as from runs_known('touched', 'runs_kept')
