-- Commit numbers at which to end slices of at most some rows, after one of them.
select max(commit_number) as slice_end
from (
    select commit_number, sum(count(*)) over (order by commit_number) // $rows as slice
    from (
        select commit_number from span_facts where commit_number > $after
        union all
        select commit_number from consents where commit_number > $after
    )
    group by commit_number
)
group by slice
order by slice_end
