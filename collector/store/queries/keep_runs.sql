-- Rows of rollup_runs that may be of these.
create temp table runs_kept as from runs_near('touched', $since, $until)
