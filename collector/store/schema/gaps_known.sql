-- Rows of rollup_gaps (`place`) that tell what is `known` (runs_known).
create or replace macro gaps_known(known) as table
select g.rowid as place
from rollup_gaps g
semi join query_table(known) k
    on k.installation = g.installation and k.launch = g.launch
    and g.time between k.earliest and k.latest
