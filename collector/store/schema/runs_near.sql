-- Rows of rollup_runs (`place`) that may be of launches that are `touched`, before anything else of them is
-- read.
create or replace macro runs_near(touched) as table
select r.rowid as place from rollup_runs r semi join query_table(touched) t on t.launch = r.launch
