-- Rows of rollup_departures (`place`) from `first` to `last` that no longer stand as their trace, in `anew` as
-- unrolled has them, got or lost a span around them since. Which may be of these is looked for first.
create or replace macro outdated_near(anew, first, last) as table
with near as materialized (
    select d.rowid as place
    from rollup_departures d
    semi join query_table(anew) u on u.trace = d.trace and d.time between u.earliest and u.latest
    where d.time >= first and d.time <= last
)
select d.rowid as place
from rollup_departures d
semi join query_table(anew) u on u.trace_id = d.trace_id and d.time between u.earliest and u.latest
where d.rowid in (select place from near) and d.time >= first and d.time <= last;
-- All of them.
create or replace view outdated_traces as
with anew as materialized (
    from unrolled(null)
)
from outdated_near('anew', (select min(earliest) from anew), (select max(latest) from anew));
-- Those that no longer stand as the history of consent of their installation is another.
create or replace view outdated_consents as
select d.rowid as place
from rollup_departures d
semi join restated(null) r on r.installation = d.consenting and d.time >= r.earliest
where d.time >= (select min(r.earliest) from restated(null) r);
create or replace view outdated as
from outdated_traces union from outdated_consents
