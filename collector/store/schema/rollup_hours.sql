-- Those of rollup_offline by the hour in which they were made, and not by how sure the model was.
create table rollup_hours (
    day date not null,
    received date not null,
    hour timestamp not null,
    app varchar not null,
    environment varchar not null,
    feature varchar not null,
    release_said varchar,
    os varchar not null,
    network varchar not null,
    model varchar not null,
    placement_said varchar,
    decision varchar not null,
    n bigint not null
)
