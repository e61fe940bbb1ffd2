-- What was rolled up of traces that lost a span around it is no longer so.
delete from rollup_departures
where time >= (select min(earliest) from rollup_dirty)
    and time <= (select max(latest) from rollup_dirty)
    and exists (
        select * from rollup_dirty u
        where u.trace_id = rollup_departures.trace_id and rollup_departures.time between u.earliest and u.latest
    )
