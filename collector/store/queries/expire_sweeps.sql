-- Retention of what belongs to replays made before a time.
delete from sweeps where run in (select run from replays where created < $before);
