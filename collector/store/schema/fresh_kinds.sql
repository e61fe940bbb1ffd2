-- Kinds of departures that rollup_kinds has not yet.
create or replace view fresh_kinds as
select
    cast(
        (select coalesce(max(number), -1) from rollup_kinds) + row_number() over (order by facts, consent)
        as integer
    ) as number,
    facts, consent
from (select facts, consent from left_anew except select facts, consent from rollup_kinds)
