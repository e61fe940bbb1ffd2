-- Adds the kinds of departures that are not there yet.
insert into rollup_kinds by name
select
    (select coalesce(max(number), -1) from rollup_kinds) + row_number() over () as number, facts, consent
from (select facts, consent from fresh except select facts, consent from rollup_kinds)
