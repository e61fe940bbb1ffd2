-- The transaction up to which traces are rolled up.
select coalesce(max(commit_number), -1) as commit_number from rollup_state
