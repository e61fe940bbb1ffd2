-- Numbers that did not come, and those that came again, in [since, until): `lost` before a request
-- of this installation with these dimensions, or `repeated`.
create or replace macro gaps(since, until) as table
with told as (
    from rollup_gaps g
    anti join outdated_gaps o on o.place = g.rowid
    union all by name
    from fresh_gaps
)
from gaps_of('told', since, until)
