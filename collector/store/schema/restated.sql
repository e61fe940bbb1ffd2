-- Installations whose history of consent is another since their departures were rolled up: it got an
-- entry since, up to the transaction `last` where it is not null, or lost one.
create or replace macro restated(last) as table
select installation
from consents
where commit_number > (select coalesce(max(commit_number), -1) from rollup_state)
    and (last is null or commit_number <= last)
union
select installation from rollup_restated
