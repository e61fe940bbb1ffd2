-- Erasure: what chunks count without the `erased_inputs`.
update replay_chunks
set inputs = inputs - gone.scored, failed = failed - gone.unscored
from (
    select
        s.run, s.number // r.chunk_inputs as chunk, count(*) as scored,
        count(s.failure) as unscored
    from replay_scores s
    join replays r on r.run = s.run
    where s.number in (select number from erased_inputs)
    group by s.run, s.number // r.chunk_inputs
) gone
where gone.run = replay_chunks.run and gone.chunk = replay_chunks.chunk
