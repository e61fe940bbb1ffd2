-- The chunks of a run that hold inputs, and how many.
select number // $size as chunk, count(*) as inputs
from inputs
where feature = $feature and number <= $last_number
    and received_time >= $since and received_time < $until
    and draw < coalesce(
        (select min(share) from input_cuts where feature = $feature and time > $since), 1
    )
group by chunk
order by chunk
