-- Keeps which span was passed on last: of those that are stored, the last up to there.
insert into forwarding by name
select
    $commit_number as commit_number,
    coalesce(last.span_id, ''::blob) as span_id,
    coalesce(last.start_time, 0) as start_time
from (
    select
        max({
            span_id: span_id, start_time: coalesce(start_time, cast(time as ubigint))
        }) as last
    from span_facts
    where commit_number = $commit_number
        and (span_id, coalesce(start_time, cast(time as ubigint))) <= ($span_id, $start_time)
)
