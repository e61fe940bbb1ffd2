-- The spans of `fresh` that are stored already. A start that was believed stands as the span's time,
-- another in a column of its own: each is looked for in its range of the file.
select s.span_id, cast(s.time as ubigint) as start_time
from span_facts s
semi join fresh f on f.span_id = s.span_id and try_cast(f.start_time as bigint) = s.time
where s.start_time is null and s.time between $time_low and $time_high
union all
select s.span_id, s.start_time
from span_facts s
semi join fresh f on f.span_id = s.span_id and f.start_time = s.start_time
where s.start_time between $low and $high
