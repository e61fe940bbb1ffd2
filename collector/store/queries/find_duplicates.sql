-- The spans of `fresh` that are stored already. A start that was believed stands as the span's time,
-- another in a column of its own: each is looked for in its range of the file. Times alone are
-- compared first: few are the same, and whole stretches of the file are passed over by them.
with near as materialized (
    select s.span_id, s.time
    from span_facts s
    semi join fresh f on f.time = s.time
    where s.start_time is null and s.time between $time_low and $time_high
)
select n.span_id, cast(n.time as ubigint) as start_time
from near n
semi join fresh f on f.span_id = n.span_id and f.time = n.time
union all
select s.span_id, s.start_time
from span_facts s
semi join fresh f on f.span_id = s.span_id and f.start_time = s.start_time
where s.start_time between $low and $high
