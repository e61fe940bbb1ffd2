-- Requests that came after the transaction `after`, up to `upto`.
create or replace macro uncounted(after, upto) as table
from requests
where commit_number > after and commit_number <= upto
