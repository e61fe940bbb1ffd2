-- One row per chunk whose scores are saved: the mark that makes saving idempotent.
create table replay_chunks (
    run varchar not null,
    chunk bigint not null,
    inputs bigint not null,
    failed bigint not null,
    seconds double not null
)
