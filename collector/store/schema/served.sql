-- When servers worked on calls.
create or replace view served as
from rollup_served
union all
select * exclude (commit_number)
from span_served
where commit_number > (select coalesce(max(commit_number), -1) from rollup_state)
