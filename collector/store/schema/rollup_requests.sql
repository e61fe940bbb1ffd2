-- Requests by day and by what is asked for most, as sums: what the transactions up to the one in
-- rollup_state added, less what of it was deleted since; a compaction makes one row of what is equal.
-- `received` is the day on which they were. Release and placement as the span said them: the policy is
-- applied when it is asked for.
create table rollup_requests (
    day date not null,
    received date not null,
    app varchar not null,
    environment varchar not null,
    feature varchar not null,
    release_said varchar,
    os varchar not null,
    network varchar not null,
    model varchar not null,
    model_size bigint,
    placement_said varchar,
    decision varchar not null,
    reason varchar,
    blocked_reason varchar,
    threshold double,
    n bigint not null,
    numbered bigint not null,
    in_10s bigint not null,
    in_1min bigint not null,
    in_10min bigint not null,
    in_1h bigint not null,
    in_6h bigint not null,
    in_1d bigint not null,
    in_7d bigint not null,
    believed bigint not null,
    ahead bigint not null,
    no_device_model bigint not null,
    no_country bigint not null,
    no_installation bigint not null,
    no_duration bigint not null,
    no_runtime bigint not null,
    no_delegate bigint not null,
    no_confidence bigint not null
)
