-- The number of the last transaction that stored a span or an input.
select greatest(
    (select coalesce(max(commit_number), -1) from span_facts),
    (select coalesce(max(commit_number), -1) from inputs)
) as number
