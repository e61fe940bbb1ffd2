-- Departures that began in [since, until), one by one: those in rollup_departures but for what no longer
-- stands, and the others.
create or replace macro standing(since, until) as table
from (
    from rollup_departures d
    anti join outdated o on o.place = d.rowid
)
where time >= since and time < until
union all by name
from fresh_departures
where time >= since and time < until
