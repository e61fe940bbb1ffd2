-- Saves a chunk's scores, of inputs that are still stored.
insert into replay_scores by name
select
    $run as run, "case" as number, predicted, confidence, scores, failure
from fresh f
semi join inputs i on i.number = f."case"
