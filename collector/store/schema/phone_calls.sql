-- Calls of phones that began in [since, until) and that a server answered, with the skew they show;
-- where `sampled` of those in the sample (sample.sql).
--
-- Skew is what must be added to the phone's clock to have the server's: the middle of the server
-- span less the middle of the client span, right within the uncertainty, because neither way can
-- have taken less than no time. A call stands for its first client and its first server span, so
-- that no clients can multiply it; a server that outlasts its client was not waited for and
-- measures nothing. The 30 days are how wrong a clock can be and still be believed.
create or replace macro phone_calls(since, until, sampled) as table
with calls as materialized (
    select *
    from (
        select
            *,
            row_number() over (partition by trace_id, span_id order by start_time) as copy
        from phone_spans(since, until, sampled)
        where kind = 'CLIENT'
    ) c
    where copy = 1
),
served as (
    select *
    from (
        select
            trace_id,
            parent_span_id,
            case when start_time < 9223372036854775807 then cast(start_time as bigint) end as start,
            duration,
            row_number() over (partition by trace_id, parent_span_id order by start_time) as copy
        from spans s
        semi join calls c on c.trace_id = s.trace_id and c.span_id = s.parent_span_id
        where kind = 'SERVER' and time >= since - 2592000000000000 and time < until + 2592000000000000
    ) s
    where copy = 1
)
select
    c.*,
    cast(s.start - c.start as double) + (s.duration - c.duration) / 2.0 as skew,
    (c.duration - s.duration) / 2.0 as uncertainty
from calls c
join served s on s.trace_id = c.trace_id and s.parent_span_id = c.span_id
where s.duration >= 0 and s.duration <= c.duration
