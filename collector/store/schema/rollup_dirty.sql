-- Traces that lost a span since they were rolled up, and still have others; and those that were too
-- large to be rolled up, which are given up until they get or lose a span.
create table rollup_dirty (
    trace_id blob not null,
    given_up boolean not null
)
