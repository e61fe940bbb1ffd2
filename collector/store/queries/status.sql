-- How much is stored and from when. Requests that are rolled up are counted from their sums.
select
    count(*) as spans,
    cast(
        (select coalesce(sum(n), 0) from rollup_requests)
        + (
            select count(*)
            from requests
            where commit_number > (select coalesce(max(commit_number), -1) from rollup_state)
        )
        as bigint
    ) as requests,
    (select count(*) from inputs) as inputs,
    min(time) as first_data,
    max(time) as last_data
from span_facts
