-- When these days began, in ns, with the last transaction there is.
select
    epoch_ns(cast(day as timestamp)) as day,
    greatest(
        (select coalesce(max(commit_number), -1) from span_facts),
        (select coalesce(max(commit_number), -1) from batches)
    ) as last
from unsettled_days($settled, $least)
order by day
