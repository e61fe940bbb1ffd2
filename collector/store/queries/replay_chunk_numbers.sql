-- The chunks of a run that hold inputs.
select distinct number // $size as chunk
from inputs
where feature = $feature and number <= $last_number
    and received_time >= $since and received_time < $until
    and draw < coalesce(
        (select min(share) from input_cuts where feature = $feature and time > $since), 1
    )
order by chunk
