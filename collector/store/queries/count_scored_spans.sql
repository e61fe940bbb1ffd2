-- How many requests of a score-only run have a score.
select count(confidence) as cases
from run_spans($feature, $model, $last_number, $since, $until)
where $model_digest = '' or model_digest = $model_digest
