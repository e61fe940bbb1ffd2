-- What spans say of the clocks of phones, of the sample of installations.
create or replace view clocks as
from rollup_clocks
union all
select * exclude (commit_number)
from span_clocks
where commit_number > (select coalesce(max(commit_number), -1) from rollup_state)
