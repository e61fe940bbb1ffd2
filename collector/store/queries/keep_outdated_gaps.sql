-- And what of rollup_gaps no longer stands.
create temp table outdated_gaps as from gaps_known('outdated_runs')
