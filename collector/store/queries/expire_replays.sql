-- Retention of replays, after what belongs to them: what was said of inputs does not outlive them.
delete from replays where created < $before and ($feature is null or feature = $feature)
