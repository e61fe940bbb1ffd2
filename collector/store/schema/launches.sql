-- Launches that got a request after the transaction `after`, up to `upto`.
create or replace macro launches(after, upto) as table
select distinct installation, launch
from numbered_requests
where commit_number > after and commit_number <= upto
