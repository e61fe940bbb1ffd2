-- Traces that rollup_departures does not cover: those that got a span since, up to the transaction
-- `last` where it is not null, and those that lost one; those that were given up for questions only,
-- where `last` is null.
create or replace macro unrolled(last) as table
select trace_id
from span_facts
where commit_number > (select coalesce(max(commit_number), -1) from rollup_state)
    and (last is null or commit_number <= last)
union
select trace_id from rollup_dirty where last is null or not given_up
