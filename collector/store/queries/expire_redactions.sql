-- Retention of the redaction tally.
delete from redactions where received_time < $before and $feature is null
