-- Requests of folded days that lie whole in [since, until); where `everything`, of those days only of
-- which everything expired.
create or replace macro folded(since, until, everything) as table
select *, answered_by(decision) as answered_by, cast(0 as bigint) as numbered
from folded_requests
where day in (select day from folded_days where all_gone or not everything)
    and day >= day_of(since) and day < day_of(until + 86399999999999)
