-- The days that are told as they were folded: to whoever may not see cells of fewer than
-- `least_asked` installations all that were folded in such, to others (1) those of which everything
-- expired.
create or replace macro folded_for(least_asked) as table
select day from folded_days where least >= least_asked and (all_gone or least_asked > 1);
-- Requests of them that lie whole in [since, until).
create or replace macro folded(since, until, least_asked) as table
select *, answered_by(decision) as answered_by, cast(0 as bigint) as numbered
from folded_requests
where day in (select day from folded_for(least_asked))
    and day >= day_of(since) and day < day_of(until)
