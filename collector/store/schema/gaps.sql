-- Numbers that did not come, and those that came again, in [since, until): `lost` before a request
-- of this installation with these dimensions, or `repeated`.
create or replace macro gaps(since, until) as table
with rolled as (select coalesce(max(commit_number), -1) as upto from rollup_state),
touched as (
    select distinct installation, launch
    from numbered_requests
    where commit_number > (select upto from rolled)
),
runs as (
    select * from rollup_gaps r
    anti join touched t on t.installation = r.installation and t.launch = r.launch
    union all by name
    select installation, launch, source, time, lost, repeated
    from runs_anew((select upto from rolled), 9223372036854775807)
)
from gaps_of('runs', since, until)
