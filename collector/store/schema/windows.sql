-- Stretches of time (`first` to `last`, ns) that hold what the `rows` hold, each `earliest` to `latest`,
-- and so much (ns) `around` it: of rows far apart, what belongs to them is not looked for in between.
create or replace macro windows(rows, around) as table
with days as (
    select min(earliest) - around as first, max(latest) + around as last
    from query_table(rows)
    group by earliest // 86400000000000
),
begun as (
    select
        first,
        last,
        coalesce(
            first > max(last) over (
                order by first rows between unbounded preceding and 1 preceding
            ),
            true
        ) as begins
    from days
),
stretches as (
    select first, last, count(*) filter (begins) over (order by first) as stretch from begun
)
select min(first) as first, max(last) as last from stretches group by stretch
