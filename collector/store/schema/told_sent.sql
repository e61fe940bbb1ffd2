-- The same as told_cells of what left devices.
create table told_sent (
    day date not null,
    app varchar not null,
    environment varchar not null,
    release varchar not null,
    feature varchar,
    os varchar not null,
    told_release varchar not null,
    told_feature varchar,
    told_os varchar not null
)
