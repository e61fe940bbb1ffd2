-- What a run saved of each case.
select number as "case", predicted, confidence, scores, failure
from replay_scores
where run = $run
order by number
