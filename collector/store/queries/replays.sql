-- Every run with what is saved of it, newest first.
select
    r.*,
    coalesce(s.inputs, 0) as inputs,
    coalesce(s.failed, 0) as failed,
    coalesce(s.seconds, 0) as seconds,
    coalesce(s.done, []) as done,
    coalesce(
        (select min(c.share) from input_cuts c where c.feature = r.feature and c.time > r.since), 1
    ) as sampled
from replays r
left join (
    select
        run, cast(sum(inputs) as bigint) as inputs, cast(sum(failed) as bigint) as failed,
        sum(seconds) as seconds, list(chunk order by chunk) as done
    from replay_chunks
    group by run
) s on s.run = r.run
order by r.created desc
