-- The spans after one and up to another, in the order they are passed on. The upper bound is written
-- out: DuckDB makes a BETWEEN of two comparisons of rows, and refuses it.
select * from spans
where
    commit_number between $commit_number and $last_commit_number
    and (commit_number, span_id, start_time) > ($commit_number, $span_id, $start_time)
    and (
        commit_number < $last_commit_number
        or span_id < $last_span_id
        or (span_id = $last_span_id and start_time <= $last_start_time)
    )
