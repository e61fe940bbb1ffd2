-- One row per accepted request of a client: what Limen itself took off the device. The first of a
-- group also says what was done to the values of each field in the whole group, and what was found
-- that telemetry should not hold. `sketch` has a bit set per distinct value.
create table batches (
    commit_number bigint not null,
    received_time bigint not null,
    policy_version varchar,
    signal varchar not null,
    app varchar,
    release varchar,
    environment varchar,
    installation blob,
    key_id integer,
    body_bytes bigint not null,
    records bigint not null,
    rejected bigint not null,
    redactions struct(field varchar, detector varchar, action varchar, occurrences bigint)[],
    findings struct(
        code varchar, place varchar, field varchar, detector varchar, app varchar, release varchar,
        value_type varchar, occurrences bigint, sketch bigint
    )[]
)
