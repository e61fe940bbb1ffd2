-- Rows of rollup_runs (`place`) from `since` to `until` that may be of launches that are `touched`, before
-- anything else of them is read.
create or replace macro runs_near(touched, since, until) as table
select r.rowid as place
from rollup_runs r
semi join query_table(touched) t on t.launch = r.launch
where r.latest >= since and r.earliest <= until
