-- Who stands behind a destination, by the policy. `host` is a like-pattern; the longest that fits
-- a destination speaks for it.
create table policy_hosts (
    host varchar not null,
    owner varchar,
    role varchar,
    region varchar,
    retained boolean
)
