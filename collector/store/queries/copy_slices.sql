-- Commit numbers at which to end slices of at most some rows, between two of them.
select max(commit_number) as slice_end
from (
    select commit_number, sum(count(*)) over (order by commit_number) // $rows as slice
    from span_facts
    where commit_number > $after and commit_number <= $last
    group by commit_number
)
group by slice
order by slice_end
