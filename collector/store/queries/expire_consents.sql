-- Retention of the history of consent. What still holds is told again, with its own time.
delete from consents where received_time < $before and $feature is null
