-- Adds what was rolled up to the sums in rollup_{table}.
insert into rollup_{table} by name
with rolled as (
    select f.* exclude (facts, consent), k.number as kind
    from fresh f
    join rollup_kinds k
        on k.facts is not distinct from f.facts and k.consent is not distinct from f.consent
),
placed as (
    from summable('rolled')
)
from summed_{table}('placed', 1)
