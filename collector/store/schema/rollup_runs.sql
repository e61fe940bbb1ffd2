-- The numbers that came of each launch up to the transaction in rollup_state, in runs without a gap;
-- `time` and `source` are of the request a run begins with, `lost` are the numbers missing before it,
-- and what it was held against was made from `earliest` to `latest` (lull in runs_of). A number that
-- came again stands in a row of its own, `repeated`. `launch` is a hash of it: a look for numbers
-- passes over the rows that it does not need, one for bytes reads them all. An installation's launches
-- differ in it.
create table rollup_runs (
    installation blob not null,
    launch ubigint not null,
    source integer not null,
    first bigint not null,
    last bigint not null,
    time bigint not null,
    earliest bigint not null,
    latest bigint not null,
    lost bigint not null,
    repeated bigint not null
)
