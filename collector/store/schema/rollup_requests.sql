-- Requests by day and by what is asked for most, as sums: what the transactions up to the one in
-- rollup_state added, less what of it was deleted since; a compaction makes one row of what is equal.
-- `release` and `placement` as the span said them: the policy is applied when it is asked for.
create table rollup_requests (
    day date not null,
    app varchar not null,
    environment varchar not null,
    feature varchar not null,
    release varchar,
    os varchar not null,
    network varchar not null,
    model varchar not null,
    placement varchar,
    decision varchar not null,
    reason varchar,
    blocked_reason varchar,
    n bigint not null,
    numbered bigint not null
)
