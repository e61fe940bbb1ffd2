-- What rollup_runs has to say of launches that got a request after the transaction `after`, up to
-- `upto`, or lost one. Of a number that came twice the one that came first counts. Where a launch
-- lost nothing, its runs stand for what came before: only what is new is read.
create or replace macro runs_anew(after, upto) as table
with fresh as (
    select *
    from numbered_requests
    where commit_number > after and commit_number <= upto
),
touched as (
    select installation, launch from fresh
    union
    select installation, launch from rollup_broken
),
parts as (
    select * exclude (repeated), cast(-1 as bigint) as came, cast(null as blob) as span_id
    from rollup_runs r
    semi join touched t on t.installation = r.installation and t.launch = r.launch
    where repeated = 0
    union all by name
    select
        installation, launch, sequence as first, sequence as last, time, app, environment, release,
        os, device_model, country, cast(0 as bigint) as lost, commit_number as came, span_id
    from fresh
    union all by name
    select
        r.installation, r.launch, sequence as first, sequence as last, time, app, environment,
        release, os, device_model, country, cast(0 as bigint) as lost, commit_number as came, span_id
    from numbered_requests r
    semi join rollup_broken b on b.installation = r.installation and b.launch = r.launch
    -- Written so that none of the file is read where no launch lost anything.
    where commit_number <= case when (select count(*) from rollup_broken) = 0 then -1 else after end
),
reached as (
    select
        *,
        max(last) over (
            partition by installation, launch order by first, came, span_id
            rows between unbounded preceding and 1 preceding
        ) as before
    from parts
),
runs as (
    select
        *,
        before is null or first > before + 1 as begins,
        sum(case when before is null or first > before + 1 then 1 else 0 end) over (
            partition by installation, launch order by first, came, span_id
            rows between unbounded preceding and current row
        ) as run
    from reached
    where before is null or first > before
)
select
    installation, launch, first, max(last) over (partition by installation, launch, run) as last,
    time, app, environment, release, os, device_model, country,
    coalesce(first - before - 1, 0) as lost, cast(0 as bigint) as repeated
from runs
qualify begins
union all by name
select * exclude (before, came, span_id, lost), cast(0 as bigint) as lost, cast(1 as bigint) as repeated
from reached
where first <= before
union all by name
select r.*
from rollup_runs r
semi join touched t on t.installation = r.installation and t.launch = r.launch
where repeated = 1
