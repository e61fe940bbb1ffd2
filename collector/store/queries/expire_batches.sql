-- Retention of the notes on requests.
delete from batches where received_time < $before and $feature is null
