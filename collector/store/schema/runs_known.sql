-- What rollup_runs has in these rows, `near`, of launches that are `touched`.
create or replace macro runs_known(touched, near) as table
select r.*, r.rowid as place
from rollup_runs r
semi join query_table(near) n on n.place = r.rowid
semi join query_table(touched) t on t.installation = r.installation and t.launch = r.launch
