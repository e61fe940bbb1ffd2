-- What stands for releases, features, OS and models of a day that is over to whoever may not see small
-- cells: one row per combination that is in a cell.
create table told_cells (
    day date not null,
    app varchar not null,
    environment varchar not null,
    release varchar not null,
    feature varchar not null,
    os varchar not null,
    model varchar not null,
    told_release varchar not null,
    told_feature varchar not null,
    told_os varchar not null,
    told_model varchar not null
)
