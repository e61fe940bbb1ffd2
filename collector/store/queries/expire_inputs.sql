-- Retention of logged inputs; of one feature where `feature` is not null.
delete from inputs where received_time < $before and ($feature is null or feature = $feature)
