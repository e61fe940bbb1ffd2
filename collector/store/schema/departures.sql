-- What anybody may ask of departures in [since, until), one by one; of some traces where `only_traces` is
-- not null.
create or replace macro departures(since, until, only_traces) as table
select * exclude (kind) from sent(since, until, only_traces)
