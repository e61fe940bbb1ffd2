-- What sums alone answer: whether no span came since they were made, no launch and no trace lost any,
-- and no history of consent changed; and whether nothing was folded.
select
    not fresh and not exists (from rollup_broken) as requests,
    not fresh and not exists (from rollup_dirty) and not exists (from rollup_restated)
        and not exists (from consents where commit_number > upto) as departures,
    not exists (from folded_days) as unfolded
from (
    select upto, exists (from span_facts where commit_number > upto) as fresh
    from (select coalesce(max(commit_number), -1) as upto from rollup_state)
)
