-- One row per accepted request of a client: what Limen itself took off the device.
create table batches (
    commit_number bigint not null,
    received_time bigint not null,
    signal varchar not null,
    app varchar,
    release varchar,
    environment varchar,
    installation blob,
    body_bytes bigint not null,
    records bigint not null,
    rejected bigint not null
)
