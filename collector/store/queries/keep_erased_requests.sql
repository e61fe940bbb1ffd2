-- Erasure: the requests that are counted of these.
create or replace temp table erased_requests as
select *
from requests_at('erased_places')
where commit_number <= (select coalesce(max(commit_number), -1) from rollup_state)
