-- Erasure: the sweeps of runs that scored one of the `erased_inputs`; their points are its scores. Of
-- runs over spans those that a request may be in that is deleted.
delete from sweeps
where run in (
    select run from replay_scores where number in (select number from erased_inputs)
    union all
    select r.run
    from replays r
    join (
        select feature, commit_number, received_time
        from spans
        where installation in (select installation from erased_installations)
            or (installation is null and trace_id in (select trace_id from erased_traces))
    ) s
        on s.feature = r.feature and s.commit_number <= r.last_number
        and s.received_time >= r.since and s.received_time < r.until
    where r.source = 'spans'
)
