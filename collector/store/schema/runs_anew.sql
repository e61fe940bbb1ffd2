-- What rollup_runs has to say of launches that got a request after the transaction `after`, up to
-- `upto`. Their runs stand for what came before: only what is new is read.
create or replace macro runs_anew(after, upto) as table
with fresh as (
    select * from numbered_requests where commit_number > after and commit_number <= upto
),
touched as (
    select distinct installation, launch from fresh
),
-- Which rows these are, before anything else of them is read.
near as materialized (
    select r.rowid as place from rollup_runs r semi join touched t on t.launch = r.launch
),
known as materialized (
    select *
    from (select * from rollup_runs where rowid in (select place from near)) r
    semi join touched t on t.installation = r.installation and t.launch = r.launch
),
parts as (
    select *, cast(-1 as bigint) as commit_number, cast(null as blob) as span_id
    from known
    where repeated = 0
    union all by name
    select * from fresh
)
from runs_of('parts')
union all by name
select * from known where repeated = 1
