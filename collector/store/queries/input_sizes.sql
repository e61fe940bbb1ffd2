-- The sizes in bytes of the inputs of a run, by number.
select number, size
from inputs
where feature = $feature and number <= $last_number
    and received_time >= $since and received_time < $until
