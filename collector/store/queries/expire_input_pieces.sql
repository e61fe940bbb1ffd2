-- Retention of what is sealed of logged inputs; of one feature where `feature` is not null.
delete from input_pieces
where number in (
    select number from inputs
    where received_time < $before and ($feature is null or feature = $feature)
)
