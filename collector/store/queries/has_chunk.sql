-- Whether a chunk of a run is saved.
select count(*) from replay_chunks where run = $run and chunk = $chunk
