-- Marks a chunk as saved.
insert into replay_chunks values ($run, $chunk, $inputs, $failed, $seconds)
