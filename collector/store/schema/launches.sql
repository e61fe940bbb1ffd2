-- Launches that got a request after the transaction `after`, up to `upto`, and between when (ns) what it
-- is held against was made.
create or replace macro launches(after, upto) as table
select installation, launch, min(time) - lull() as earliest, max(time) + lull() as latest
from numbered_requests
where commit_number > after and commit_number <= upto
group by installation, launch
