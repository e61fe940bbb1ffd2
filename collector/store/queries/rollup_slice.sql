-- The transaction at which the next slice ends, of at most so many rows or of one transaction, after
-- another; null where nothing follows. However much does, no more than a slice is put in order.
with spans as (
    select commit_number from span_facts where commit_number > $after order by commit_number limit $rows + 1
),
others as (
    select commit_number from consents where commit_number > $after order by commit_number limit $rows + 1
),
found as materialized (
    from (from spans union all from others) order by commit_number limit $rows + 1
)
select
    case
        when count(*) <= $rows then max(commit_number)
        else coalesce(
            max(commit_number) filter (where commit_number < (select max(commit_number) from found)),
            max(commit_number)
        )
    end as slice_end,
    count(*) > $rows as more
from found
