-- Installations whose history of consent is another since their departures were rolled up, and since
-- when these may have left under another consent: it got an entry since, up to the transaction `last`
-- where it is not null, or lost one. The first time that something is granted tells of all that left
-- before.
create or replace macro restated(last) as table
with fresh as materialized (
    select installation, purpose, state, time
    from consents
    where commit_number > (select coalesce(max(commit_number), -1) from rollup_state)
        and (last is null or commit_number <= last)
),
granted as (
    select distinct c.installation, c.purpose
    from consents c
    semi join fresh f on f.installation = c.installation and f.purpose = c.purpose
    where c.state = 'granted'
        and c.commit_number <= (select coalesce(max(commit_number), -1) from rollup_state)
)
select installation, min(earliest) as earliest
from (
    select
        f.installation,
        case when f.state = 'granted' and g.purpose is null then -9223372036854775807 else f.time end
            as earliest
    from fresh f
    left join granted g on g.installation = f.installation and g.purpose = f.purpose
    union all
    select installation, -9223372036854775807 from rollup_restated
)
group by installation
