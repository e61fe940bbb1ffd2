-- The model file that most requests of a score-only run tell; '' where none does.
select coalesce(mode(model_digest), '') as model_digest
from spans
where feature = $feature and decision is not null
    and coalesce(model_name || '@' || model_version, model_name) = $model
    and commit_number <= $last_number
    and received_time >= $since and received_time < $until
