-- Retention of logged inputs.
delete from inputs where received_time < $before;
