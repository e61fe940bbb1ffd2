-- Adds what was rolled up.
insert into rollup_departures by name
select f.* exclude (facts, consent), k.number as kind
from fresh f
join rollup_kinds k on k.facts is not distinct from f.facts and k.consent is not distinct from f.consent
