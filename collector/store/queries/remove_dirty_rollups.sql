-- What was rolled up of traces that lost a span is no longer so.
delete from rollup_departures where trace_id in (select trace_id from rollup_dirty)
