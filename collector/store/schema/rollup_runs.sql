-- The numbers that came of each launch up to the transaction in rollup_state, in runs without a gap;
-- `time` and dimensions are of the request a run begins with, `lost` are the numbers missing before
-- it. A number that came again stands in a row of its own, `repeated`.
create table rollup_runs (
    installation blob not null,
    launch blob not null,
    first bigint not null,
    last bigint not null,
    time bigint not null,
    app varchar not null,
    environment varchar not null,
    release varchar not null,
    os varchar not null,
    device_model varchar not null,
    country varchar not null,
    lost bigint not null,
    repeated bigint not null
)
