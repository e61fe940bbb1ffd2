-- Traces that lost a span since they were rolled up, and still have others.
create table rollup_dirty (
    trace_id blob not null
)
