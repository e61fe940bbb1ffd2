-- The chunks of a run that hold inputs, and how many.
select number // $size as chunk, count(*) as inputs
from run_inputs($feature, $last_number, $since, $until)
group by chunk
order by chunk
