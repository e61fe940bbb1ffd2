-- The same as rollup_requests of those made without a network, by how sure the model was.
create table rollup_offline (
    day date not null,
    received date not null,
    app varchar not null,
    environment varchar not null,
    feature varchar not null,
    release_said varchar,
    os varchar not null,
    network varchar not null,
    model varchar not null,
    placement_said varchar,
    decision varchar not null,
    confidence_step integer,
    sure_step integer,
    n bigint not null
)
