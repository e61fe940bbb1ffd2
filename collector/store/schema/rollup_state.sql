-- One row, or none: the transaction up to which all is rolled up, a digest of the `rules`, the SQL it
-- was rolled up by, and below which step installations are `drawn` into the sample (sample.sql).
create table rollup_state (
    commit_number bigint not null,
    rules varchar not null,
    drawn integer not null
)
