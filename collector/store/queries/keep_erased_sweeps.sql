-- Erasure: the runs that were swept and scored one of the `erased_inputs`, whose scores a sweep's points
-- are; of runs over spans those that a request may be in that is deleted.
create temp table erased_sweeps as
select distinct run
from sweeps
where run in (
    select run from replay_scores where number in (select number from erased_inputs)
    union all
    select r.run
    from replays r
    join (
        select c.feature, t.commit_number, t.received_time
        from traced_spans t
        join span_contexts c on c.number = t.context
        where t.erased
    ) s
        on s.feature = r.feature and s.commit_number <= r.last_number
        and s.received_time >= r.since and s.received_time < r.until
    where r.source = 'spans'
)
