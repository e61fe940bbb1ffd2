-- Copies the marks of chunks, after their scores.
insert into fresh.replay_chunks by name
select c.*
from replay_chunks c
anti join fresh.replay_chunks f on f.run = c.run and f.chunk = c.chunk
