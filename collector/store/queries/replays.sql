-- Every run with what is saved of it, newest first.
select
    r.*,
    coalesce(s.inputs, 0) as inputs,
    coalesce(s.failed, 0) as failed,
    coalesce(s.seconds, 0) as seconds,
    coalesce(s.opening, 0) as opening,
    coalesce(s.preparing, 0) as preparing,
    coalesce(s.inferring, 0) as inferring,
    coalesce(s.saving, 0) as saving,
    coalesce(s.done, []) as done,
    coalesce(
        (select min(c.share) from input_cuts c where c.feature = r.feature and c.time > r.since), 1
    ) as sampled
from replays r
left join (
    select
        run, cast(sum(inputs) as bigint) as inputs, cast(sum(failed) as bigint) as failed,
        sum(seconds) as seconds, sum(opening) as opening, sum(preparing) as preparing,
        sum(inferring) as inferring, sum(saving) as saving, list(chunk order by chunk) as done
    from replay_chunks
    group by run
) s on s.run = r.run
order by r.created desc
