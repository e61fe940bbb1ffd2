-- One row, or none: the transaction up to which traces are rolled up, and a digest of the `rules`, the
-- SQL they were rolled up by.
create table rollup_state (
    commit_number bigint not null,
    rules varchar not null
)
