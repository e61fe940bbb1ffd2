-- How far the spans were passed on: the last one that the other backend took, in the order they
-- are passed on. One row, or none where they never were.
create table forwarding (
    commit_number bigint not null,
    span_id blob not null,
    start_time ubigint not null
)
