-- Rows of rollup_departures (`place`) that no longer stand as their trace got or lost a span around them
-- since.
create or replace view outdated_traces as
with anew as materialized (
    from unrolled(null)
)
select d.rowid as place
from rollup_departures d
semi join anew u on u.trace_id = d.trace_id and d.time between u.earliest and u.latest
where d.time >= (select min(earliest) from anew) and d.time <= (select max(latest) from anew);
-- Those that no longer stand as the history of consent of their installation is another.
create or replace view outdated_consents as
select d.rowid as place
from rollup_departures d
semi join restated(null) r on r.installation = d.consenting and d.time >= r.earliest
where d.time >= (select min(r.earliest) from restated(null) r);
create or replace view outdated as
from outdated_traces union from outdated_consents
