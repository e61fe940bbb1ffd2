-- What left and is not rolled up is asked for where it is kept; a question never asks for it in parts.
create temp macro traced_departures(since, until, only_traces, last, parts, part) as table
from traced
where time >= since and time < until
    and (only_traces is null or trace_id in (select unnest(only_traces)))
