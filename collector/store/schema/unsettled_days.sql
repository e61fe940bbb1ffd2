-- Days of which cells of at least `least_asked` installations, as they stood at `settled_asked`, are not
-- made: of what was stored or received since, and of those that lost something.
create or replace macro unsettled_days(settled_asked, least_asked) as table
with made as (
    select
        coalesce(max(commit_number), -1) as commit_number,
        coalesce(max(settled), 0) as settled
    from told_state
    where least = least_asked
)
select day_of(time) as day
from span_facts
where received_time < settled_asked and time < settled_asked
    and commit_number > (select commit_number from made)
union
select day_of(time)
from span_facts
where received_time < settled_asked and time < settled_asked
    and received_time >= (select settled from made)
union
select day_of(received_time)
from batches
where received_time < settled_asked and commit_number > (select commit_number from made)
union
select day_of(received_time)
from batches
where received_time < settled_asked and received_time >= (select settled from made)
union
select day from told_dirty where day < day_of(settled_asked)
