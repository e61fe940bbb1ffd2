-- One row per replay run: which logged inputs through which model. `asked` is the request in the
-- asker's words, so that asking again finds the unfinished run. Of `source` `spans` it is over spans
-- up to the transaction `last_number`, else over inputs up to that number. `sweeps_erased` is when an
-- erasure last deleted its sweeps.
create table replays (
    run varchar not null,
    created bigint not null,
    feature varchar not null,
    model varchar not null,
    model_digest varchar not null,
    runtime varchar not null,
    runtime_version varchar not null,
    since bigint not null,
    until bigint not null,
    last_number bigint not null,
    chunk_inputs bigint not null,
    asked varchar not null,
    source varchar not null,
    sweeps_erased bigint
)
