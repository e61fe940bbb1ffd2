-- What many departures have in common besides their source: one row per distinct combination.
create table rollup_kinds (
    number integer not null,
    facts struct(
        from_request boolean, from_phone boolean, passed_on boolean, request_decision varchar,
        request_placement varchar, request_audited boolean, of_feature varchar, policy_version varchar,
        destination varchar, server_port bigint, measure varchar, chain_region varchar,
        chain_category varchar, chain_purpose varchar, said_consent varchar, said_version varchar,
        retained_there boolean, trained_there boolean
    ) not null
)
