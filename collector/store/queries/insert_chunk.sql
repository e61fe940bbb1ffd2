-- Marks a chunk as saved.
insert into replay_chunks by name
select
    $run as run, $chunk as chunk, $inputs as inputs, $failed as failed, $seconds as seconds,
    $opening as opening, $preparing as preparing, $inferring as inferring, $saving as saving
