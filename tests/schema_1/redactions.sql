-- How many values of each field were hashed, dropped or cut, per group of requests.
create table redactions (
    received_time bigint not null,
    policy_version varchar not null,
    field varchar not null,
    detector varchar not null,
    action varchar not null,
    occurrences bigint not null
)
