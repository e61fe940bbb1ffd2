-- How many spans after a given one were received before a time, of one feature where `feature` is not
-- null.
select count(*) from span_facts
where
    received_time < $before
    and commit_number >= $commit_number
    and (commit_number, span_id, coalesce(start_time, cast(time as ubigint)))
        > ($commit_number, $span_id, $start_time)
    and (
        $feature is null
        or context in (select number from span_contexts where feature = $feature)
    )
