-- When a span began by its device's own clock; unknown where no clock could say it.
create or replace macro started(time, start_time) as
    case
        when start_time is null then time
        when start_time < 9223372036854775807 then cast(start_time as bigint)
    end;
-- The calls `asked` that are `answered` by a server, with the skew they show; both tables have `call`,
-- `start` and `duration`.
--
-- Skew is what must be added to the phone's clock to have the server's: the middle of the server
-- span less the middle of the client span, right within the uncertainty, because neither way can
-- have taken less than no time. A call stands for its first client and its first server span, so
-- that no clients can multiply it; a server that outlasts its client was not waited for and
-- measures nothing.
create or replace macro skews(asked, answered) as table
with client as (
    from query_table(asked) a
    anti join (
        select call, min(start) as start from query_table(asked) group by call having count(*) > 1
    ) f on f.call = a.call and f.start < a.start
),
server as materialized (
    from query_table(answered) a
    anti join (
        select call, min(start) as start from query_table(answered) group by call having count(*) > 1
    ) f on f.call = a.call and f.start < a.start
)
select
    c.*,
    cast(s.start - c.start as double) + (s.duration - c.duration) / 2.0 as skew,
    (c.duration - s.duration) / 2.0 as uncertainty
from client c
join server s on s.call = c.call
where s.duration >= 0 and s.duration <= c.duration and s.start is not null and c.start is not null
