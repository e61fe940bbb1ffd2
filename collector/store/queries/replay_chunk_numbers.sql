-- The chunks of a run that hold inputs.
select distinct number // $size as chunk
from inputs
where feature = $feature and number <= $last_number
    and received_time >= $since and received_time < $until
order by chunk
