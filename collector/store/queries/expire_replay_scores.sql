-- Retention of what belongs to replays made before a time; of one feature where it is not null.
delete from replay_scores
where run in (
    select run from replays where created < $before and ($feature is null or feature = $feature)
)
