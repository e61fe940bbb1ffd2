-- Retention of telemetry, by the time received.
delete from spans where received_time < $before;
