-- The ways out that the policy declares. `host` is a like-pattern.
create table policy_flows (
    feature varchar not null,
    host varchar not null,
    purpose varchar not null,
    consent varchar not null
)
