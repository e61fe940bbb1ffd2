-- What rollup_runs says of launches whose requests are `parts`: numbered_requests, or runs of some that
-- came before. Of a number that came twice the one that came first counts.
create or replace macro runs_of(parts) as table
with reached as (
    select
        *,
        max(last) over (
            partition by installation, launch order by first, commit_number, span_id
            rows between unbounded preceding and 1 preceding
        ) as before
    from query_table(parts)
),
runs as (
    select
        *,
        before is null or first > before + 1 as begins,
        sum(case when before is null or first > before + 1 then 1 else 0 end) over (
            partition by installation, launch order by first, commit_number, span_id
            rows between unbounded preceding and current row
        ) as run
    from reached
    where before is null or first > before
)
select
    installation, launch, source, first,
    max(last) over (partition by installation, launch, run) as last,
    time,
    min(earliest) over (partition by installation, launch, run) as earliest,
    max(latest) over (partition by installation, launch, run) as latest,
    coalesce(first - before - 1, 0) as lost, cast(0 as bigint) as repeated
from runs
qualify begins
union all by name
select
    installation, launch, source, first, last, time, earliest, latest,
    cast(0 as bigint) as lost, cast(1 as bigint) as repeated
from reached
where first <= before
