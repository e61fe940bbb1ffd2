-- The ways out that the policy declares for a feature in a range of releases [from_key, until_key).
-- `host` is a like-pattern; null: whichever.
create table policy_flows (
    feature varchar not null,
    from_key varchar not null,
    until_key varchar not null,
    host varchar not null,
    purpose varchar not null,
    consent varchar not null,
    region varchar,
    role varchar,
    categories varchar[],
    retained boolean
)
