-- How many spans came since the last run of the rollup.
select count(*) as spans
from span_facts
where commit_number > (select coalesce(max(commit_number), -1) from rollup_state)
