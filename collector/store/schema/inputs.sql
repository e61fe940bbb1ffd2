-- Logged inputs; what they hold is in input_pieces, sealed with a key per installation that is not in
-- this file.
create table inputs (
    commit_number bigint not null,
    number bigint not null,
    draw double not null,
    trace_id blob not null,
    span_id blob not null,
    installation blob not null,
    key_id integer not null,
    feature varchar not null,
    kind varchar,
    digest varchar,
    truth varchar,
    size bigint not null,
    received_time bigint not null,
    policy_version varchar
)
