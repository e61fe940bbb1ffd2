-- What is to be added to the sums of what left: what is not rolled up as it stands, and less (n is -1)
-- what no longer stands.
create or replace view moved as
from summable('fresh_departures')
union all by name
select * replace (-n as n, -bytes as bytes, -squares as squares)
from (
    with lost as (select d.* from rollup_departures d semi join outdated o on o.place = d.rowid)
    from summable('lost')
)
