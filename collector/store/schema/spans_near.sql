-- Between when (ns) spans may belong to what left of the traces in `anew`, as unrolled has them, in [since,
-- until).
create or replace macro near_times(anew, since, until) as table
select
    greatest(first + apart(), since) - apart() as first, least(last - apart(), until) + apart() as last
from windows(anew, apart())
where first + apart() < until and last - apart() >= since;
-- Spans (`place` in span_facts) that may be of these traces, from `first` to `last`, before anything else of
-- them is read.
create or replace macro spans_near(anew, first, last) as table
select f.rowid as place, f.trace, f.time, f.context
from span_facts f
semi join query_table(anew) u on u.trace = f.trace
where f.time >= first and f.time <= last
