-- Copies the scores of chunks whose marks are not copied yet.
insert into fresh.replay_scores by name
select s.*
from replay_scores s
join replays r on r.run = s.run
semi join (
    select c.run, c.chunk
    from replay_chunks c
    anti join fresh.replay_chunks f on f.run = c.run and f.chunk = c.chunk
) m on m.run = s.run and m.chunk = s.number // r.chunk_inputs
