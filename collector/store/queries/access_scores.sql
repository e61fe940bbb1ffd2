-- What replays said of some inputs.
select run, number, predicted, confidence, scores, failure
from replay_scores
where list_contains($numbers, number)
order by run, number
