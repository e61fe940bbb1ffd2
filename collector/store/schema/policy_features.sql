-- The policy in force, one row per feature and range of releases [from_key, until_key).
create table policy_features (
    policy_version varchar not null,
    feature varchar not null,
    from_key varchar not null,
    until_key varchar not null,
    placement varchar,
    threshold double,
    size_budget bigint,
    offline_critical boolean,
    offline_target double
)
