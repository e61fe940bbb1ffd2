-- Traces that lost a span since they were rolled up, and still have others; and those that were too
-- large to be rolled up, which are given up until they get or lose a span. What departed between
-- `earliest` and `latest` is to be found anew.
create table rollup_dirty (
    trace_id blob not null,
    earliest bigint not null,
    latest bigint not null,
    given_up boolean not null
)
