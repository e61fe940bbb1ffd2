-- Numbers that did not come of the requests in told_cells, each where the next request of its launch
-- began, and those that came again.
create table told_gaps (
    day date not null,
    app varchar not null,
    environment varchar not null,
    release varchar not null,
    feature varchar not null,
    os varchar not null,
    model varchar not null,
    installation blob not null,
    lost bigint not null,
    repeated bigint not null
)
