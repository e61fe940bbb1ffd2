-- Departures that were rolled up and whose trace, one of a part of those kept, got or lost a span around
-- them since. Of which part they are is asked last: it would else be asked of all that is rolled up.
with before as materialized (
    select d.trace_id, d.span_id, d.time, d.trace
    from rollup_departures d
    semi join outdated o on o.place = d.rowid
)
select trace_id, span_id, time from before where trace % $parts = $part
