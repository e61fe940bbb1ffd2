-- The last of the first $most spans after a given one, in the order they are passed on.
with waiting as (
    select commit_number, span_id, coalesce(start_time, cast(time as ubigint)) as start_time
    from span_facts
    where commit_number >= $commit_number
)
select * from (
    select * from waiting
    where (commit_number, span_id, start_time) > ($commit_number, $span_id, $start_time)
    order by commit_number, span_id, start_time
    limit $most
)
order by commit_number desc, span_id desc, start_time desc
limit 1
