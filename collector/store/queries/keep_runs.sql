-- Rows of rollup_runs that may be of these; looked for part by part.
create temp table runs_kept as from runs_near('touched', 0, -1)
