-- The ways out that the policy declares for a feature in a range of releases [from_key, until_key).
-- `host` is a like-pattern; a null region, role or retained is whichever; `sure` is null where a release
-- that nobody tells may have it or not.
create table policy_flows (
    feature varchar not null,
    from_key varchar not null,
    until_key varchar not null,
    host varchar not null,
    purpose varchar not null,
    consent varchar not null,
    region varchar,
    role varchar,
    categories varchar[] not null,
    retained boolean,
    sure boolean
)
