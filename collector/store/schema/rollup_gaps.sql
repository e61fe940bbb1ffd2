-- Of rollup_runs the rows that tell a gap or a number that came again, which are few, and what is asked
-- of them.
create table rollup_gaps (
    installation blob not null,
    launch ubigint not null,
    source integer not null,
    time bigint not null,
    lost bigint not null,
    repeated bigint not null
)
