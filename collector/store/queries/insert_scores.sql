-- Saves a chunk's scores.
insert into replay_scores by name
select
    $run as run, "case" as number, predicted, confidence, scores, failure
from fresh
