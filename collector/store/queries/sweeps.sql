-- The latest sweep of each reference of a run.
select arg_max(document, created) as document
from sweeps
where run = $run
group by reference
order by reference
