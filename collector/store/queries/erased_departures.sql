-- Erasure: what is rolled up of the traces of a part, which are about to lose spans. What left did so at
-- the time of one of the `traced_spans`, which is looked for first, in one column.
with lost as (
    select trace_id, time from traced_spans where part = $part
),
places as materialized (
    select rowid as place
    from rollup_departures
    where time in (select time from lost) and time >= $from and time < $to
),
near as materialized (
    select *, rowid as place from rollup_departures where rowid in (select place from places)
)
select *
from summable('near')
where trace_id in (select trace_id from traced_spans where erased and part = $part)
