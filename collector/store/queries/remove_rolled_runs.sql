-- Launches of which something came or went, made in a range: their runs are made anew.
delete from rollup_runs
where time between $first and $last
    and launch in (select launch from fresh)
    and (installation, launch) in (select (installation, launch) from fresh);
delete from rollup_gaps
where time between $first and $last
    and launch in (select launch from fresh)
    and (installation, launch) in (select (installation, launch) from fresh)
