-- Requests of days whose spans expire, counted in the cells in which those see them who may not see
-- small ones: nothing here is of fewer than so many installations.
create table folded_requests (
    day date not null,
    app varchar not null,
    environment varchar not null,
    release varchar not null,
    feature varchar not null,
    os varchar not null,
    model varchar not null,
    country varchar not null,
    device_model varchar not null,
    network varchar not null,
    placement varchar not null,
    decision varchar not null,
    blocked_reason varchar,
    n bigint not null
)
