-- The spans of `fresh` that are stored already, looked for between two start times.
select s.span_id, s.start_time
from spans s
semi join fresh f on f.span_id = s.span_id and f.start_time = s.start_time
where s.start_time between $low and $high
