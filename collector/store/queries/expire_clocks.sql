-- Retention of what is rolled up of clocks, as of the spans.
delete from rollup_{table}
where received_time < $before
    and (
        $feature is null
        or context in (select number from span_contexts where feature = $feature)
    )
