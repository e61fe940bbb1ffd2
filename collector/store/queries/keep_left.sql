-- What is rolled up of what left at the time of one of these spans, in the place of all of it.
create temp table rollup_departures as
with places as materialized (
    select rowid as place from main.rollup_departures where time in (select time from span_facts)
)
select * from main.rollup_departures where rowid in (select place from places)
