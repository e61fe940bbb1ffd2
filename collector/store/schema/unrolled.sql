-- Spans of a trace stand together whose times are at most so far apart (ns), which is how wrong a clock
-- may be for that: so what belongs to a departure is looked for around its time.
create or replace macro apart() as 172800000000000;
-- Traces that rollup_departures does not cover, and between which times: around the spans they got
-- since, up to the transaction `last` where it is not null, and those they lost; of those that were given
-- up for questions only, where `last` is null.
create or replace macro unrolled(last) as table
with fresh as (
    select trace_id, trace, min(time) - apart() as earliest, max(time) + apart() as latest
    from span_facts
    where commit_number > (select coalesce(max(commit_number), -1) from rollup_state)
        and (last is null or commit_number <= last)
    group by trace_id, trace
)
select trace_id, trace, min(earliest) as earliest, max(latest) as latest
from (
    from fresh
    union all
    select trace_id, md5_number_lower(trace_id) as trace, earliest, latest
    from rollup_dirty
    where last is null or not given_up or trace_id in (select trace_id from fresh)
)
group by trace_id, trace
