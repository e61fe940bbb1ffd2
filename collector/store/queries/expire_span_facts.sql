-- Retention of telemetry, by the time received.
delete from span_facts where received_time < $before;
