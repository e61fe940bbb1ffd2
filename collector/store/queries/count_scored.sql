-- How many scores a run has.
select count(*) as cases from replay_scores where run = $run and failure is null
