-- Erasure: the sweeps of runs that scored one of the `erased_inputs`; their points are its scores. So
-- may be those of runs over spans.
delete from sweeps
where run in (
    select run from replay_scores where number in (select number from erased_inputs)
    union all
    select run from replays where source = 'spans'
)
