-- Erasure: the sweeps of runs that scored one of the `erased_inputs`; their points are its scores. Of
-- runs over spans those that a request may be in that is deleted.
delete from sweeps
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
