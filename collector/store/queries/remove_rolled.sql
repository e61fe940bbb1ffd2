-- Rollups that are made anew: of the departures in `fresh`, which began in a range.
delete from rollup_departures
where time between $first and $last and (trace_id, span_id) in (select (trace_id, span_id) from fresh)
