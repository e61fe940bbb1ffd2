-- The newest run that was asked for in these words.
select run from replays where asked = $asked order by created desc limit 1
