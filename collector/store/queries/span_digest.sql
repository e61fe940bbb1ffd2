-- The model file that most requests of a score-only run tell; '' where none does.
select coalesce(mode(model_digest), '') as model_digest
from run_spans($feature, $model, $last_number, $since, $until)
