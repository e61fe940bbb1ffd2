-- Retention of telemetry, by the time received; of one feature where `feature` is not null.
delete from span_facts
where received_time < $before
    and (
        $feature is null
        or context in (select number from span_contexts where feature = $feature)
    )
