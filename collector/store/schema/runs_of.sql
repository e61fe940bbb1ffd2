-- Requests of a launch that were made so much later (ns) than all before them are not held against these:
-- what touches one reaches no further back, and nothing that is older has to be looked for.
create or replace macro lull() as 604800000000000;
-- What rollup_runs says of launches whose requests are `parts`: numbered_requests, or runs of some that
-- came before. Of a number that came twice the one that came first counts.
create or replace macro runs_of(parts) as table
with parts_kept as materialized (
    from query_table(parts)
),
-- Most launches have one run, which is told without putting their numbers in order: from the first to the
-- last there are as many as came, and none came twice, as no two parts begin with the same number and
-- those of one number come after those of more, which have none in common.
whole as materialized (
    select
        installation, launch, arg_min(source, first) as source, min(first) as first, max(last) as last,
        arg_min(time, first) as time, min(earliest) as earliest, max(latest) as latest
    from parts_kept
    group by installation, launch
    having sum(last - first + 1) = max(last) - min(first) + 1
        and count(distinct first) = count(*)
        and coalesce(
            max(case when last > first then last end) < min(case when last = first then first end), true
        )
        and max(latest) - min(earliest) <= lull()
),
followed as (
    select
        *,
        max(latest) over (
            partition by installation, launch order by earliest, latest
            rows between unbounded preceding and 1 preceding
        ) as upto
    from parts_kept p
    anti join whole w on w.installation = p.installation and w.launch = p.launch
),
stretched as (
    select
        *,
        count(case when earliest > upto + lull() then 1 end) over (
            partition by installation, launch order by earliest, latest
        ) as stretch
    from followed
),
reached as (
    select
        * exclude (earliest, latest),
        min(earliest) over (partition by installation, launch, stretch) as earliest,
        max(latest) over (partition by installation, launch, stretch) as latest,
        max(last) over (
            partition by installation, launch, stretch, repeated order by first, commit_number, span_id
            rows between unbounded preceding and 1 preceding
        ) as before
    from stretched
),
runs as (
    select
        *,
        before is null or first > before + 1 as begins,
        count(case when before is null or first > before + 1 then 1 end) over (
            partition by installation, launch, stretch order by first, commit_number, span_id
            rows between unbounded preceding and current row
        ) as run
    from reached
    where repeated = 0 and (before is null or first > before)
)
select
    installation, launch, source, first,
    max(last) over (partition by installation, launch, stretch, run) as last,
    time, earliest, latest, coalesce(first - before - 1, 0) as lost, repeated
from runs
qualify begins
union all by name
select
    installation, launch, source, first, last, time, earliest, latest,
    cast(0 as bigint) as lost, cast(1 as bigint) as repeated
from reached
where repeated = 1 or first <= before
union all by name
select *, cast(0 as bigint) as lost, cast(0 as bigint) as repeated from whole
