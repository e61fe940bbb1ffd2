-- Launches that lost requests made in a range: the runs of those they are left with.
insert into rollup_runs by name
with parts as (
    select *
    from numbered_requests r
    semi join fresh f on f.installation = r.installation and f.launch = r.launch
    where time between $first and $last
        and commit_number <= (select max(commit_number) from rollup_state)
)
from runs_of('parts');
insert into rollup_gaps by name
select r.installation, r.launch, r.source, r.time, r.lost, r.repeated
from rollup_runs r
semi join fresh f on f.installation = r.installation and f.launch = r.launch
where r.time between $first and $last and (r.lost > 0 or r.repeated > 0)
