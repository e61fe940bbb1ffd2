-- Days of which cells of at least `least_asked` installations, as they stood at `settled_asked`, are not
-- made: of what was stored or received since, and of those that lost spans.
create or replace macro unsettled_days(settled_asked, least_asked) as table
select day_of(time) as day
from span_facts
where received_time < settled_asked and time < settled_asked
    and commit_number
        > (select coalesce(max(commit_number), -1) from told_state where least = least_asked)
union
select day_of(time)
from span_facts
where received_time < settled_asked and time < settled_asked
    and received_time >= (select coalesce(max(settled), 0) from told_state where least = least_asked)
union
select day from told_dirty
