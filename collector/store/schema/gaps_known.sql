-- Rows of rollup_gaps (`place`) of launches that are `touched`.
create or replace macro gaps_known(touched) as table
select g.rowid as place
from rollup_gaps g
semi join query_table(touched) t on t.installation = g.installation and t.launch = g.launch
