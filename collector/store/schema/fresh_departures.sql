-- Departures that are not rolled up as they stand, as they would be.
create or replace view fresh_departures as
select d.* exclude (facts, consent), k.number as kind
from left_anew d
join (from rollup_kinds union all from fresh_kinds) k
    on k.facts is not distinct from d.facts and k.consent is not distinct from d.consent
