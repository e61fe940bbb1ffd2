-- One row per accepted request of a client: what Limen itself took off the device. The first of a
-- group also says how many values of each field were hashed, dropped or cut in the whole group.
create table batches (
    commit_number bigint not null,
    received_time bigint not null,
    policy_version varchar,
    signal varchar not null,
    app varchar,
    release varchar,
    environment varchar,
    installation blob,
    body_bytes bigint not null,
    records bigint not null,
    rejected bigint not null,
    redactions struct(field varchar, detector varchar, action varchar, occurrences bigint)[]
)
