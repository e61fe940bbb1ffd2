-- What rollup_runs has to say of launches that got a request after the transaction `after`, up to
-- `upto`; `known` is what it says of them (runs_known). That stands for what came before: only what is
-- new is read.
create or replace macro runs_anew(known, after, upto) as table
with parts as (
    select * exclude (place), cast(-1 as bigint) as commit_number, cast(null as blob) as span_id
    from query_table(known)
    union all by name
    select * from numbered_requests where commit_number > after and commit_number <= upto
)
from runs_of('parts')
