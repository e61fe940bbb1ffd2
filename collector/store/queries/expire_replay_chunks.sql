-- Retention of what belongs to replays made before a time.
delete from replay_chunks where run in (select run from replays where created < $before);
