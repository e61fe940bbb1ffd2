-- The number of the newest transaction.
select coalesce(max(commit_number), 0) from batches
