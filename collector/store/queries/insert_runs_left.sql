-- Launches that lost requests made in a range: the runs of those they are left with.
insert into rollup_runs by name
with parts as (
    select *
    from numbered_requests r
    semi join fresh f on f.installation = r.installation and f.launch = r.launch
    where time between $first and $last
        and commit_number <= (select max(commit_number) from rollup_state)
)
from runs_of('parts')
