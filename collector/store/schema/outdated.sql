-- Rows of rollup_departures (`place`) from `first` to `last` that may be of the traces in `anew`, as unrolled
-- has them, within the times these give, before anything else of them is read.
create or replace macro rolled_near(anew, first, last) as table
select d.rowid as place
from rollup_departures d
semi join query_table(anew) u on u.trace = d.trace and d.time between u.earliest and u.latest
where d.time >= first and d.time <= last;
-- Those of them, `near`, that no longer stand as their trace got or lost a span around them since.
create or replace macro outdated_of(anew, near) as table
select d.rowid as place
from rollup_departures d
semi join query_table(near) n on n.place = d.rowid
semi join query_table(anew) u on u.trace_id = d.trace_id and d.time between u.earliest and u.latest;
-- All of them.
create or replace view outdated_traces as
with anew as materialized (
    from unrolled(null)
),
near as materialized (
    from rolled_near('anew', (select min(earliest) from anew), (select max(latest) from anew))
)
from outdated_of('anew', 'near');
-- Those that no longer stand as the history of consent of their installation is another.
create or replace view outdated_consents as
select d.rowid as place
from rollup_departures d
semi join restated(null) r on r.installation = d.consenting and d.time >= r.earliest
where d.time >= (select min(r.earliest) from restated(null) r);
create or replace view outdated as
from outdated_traces union from outdated_consents
