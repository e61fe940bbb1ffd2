-- Who stands behind a destination, by the policy. `host` is a like-pattern.
create table policy_hosts (
    host varchar not null,
    owner varchar not null,
    role varchar not null,
    region varchar
)
