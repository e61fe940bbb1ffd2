-- Rollups that are made anew: of the traces in `fresh`, which began in a range.
delete from rollup_departures
where time between $first and $last and trace_id in (select trace_id from fresh)
