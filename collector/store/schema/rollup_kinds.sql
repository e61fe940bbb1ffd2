-- What many departures have in common besides their source: one row per distinct combination of what
-- their traces tell, and of the consent they left under.
create table rollup_kinds (
    number integer not null,
    facts struct(
        from_request boolean, from_phone boolean, passed_on boolean, request_decision varchar,
        request_placement varchar, request_audited boolean, request_network varchar,
        request_model varchar, of_feature varchar, policy_version varchar,
        destination varchar, server_port bigint, measure varchar, chain_region varchar,
        chain_category varchar, chain_purpose varchar, said_consent varchar, said_version varchar,
        retained_there boolean, trained_there boolean
    ) not null,
    consent struct(
        chain_consent varchar, consent_version varchar, speaks varchar, granted_later boolean,
        granted_otherwise boolean
    ) not null
)
