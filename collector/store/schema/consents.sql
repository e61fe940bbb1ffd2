-- What installations consented to, and since when: each change once, as their apps tell it. `version` is
-- that of the notice they were shown.
create table consents (
    commit_number bigint not null,
    received_time bigint not null,
    time bigint not null,
    installation blob not null,
    key_id integer,
    purpose varchar not null,
    state varchar not null,
    version varchar,
    policy_version varchar
)
