-- What the policy says of departures of these `kinds` (rollup_kinds, and fresh_kinds for what is not
-- rolled up), each of `used` with the release_key it is asked for: what is alike is asked about once.
create or replace macro judged(used, kinds) as table
with ruled as (
    select
        u.kind, u.release_key, unnest(k.facts), unnest(k.consent),
        host_of(k.facts.destination) as host,
        rule_of(k.facts.of_feature, u.release_key) as rule
    from query_table(used) u
    join query_table(kinds) k on k.number = u.kind
)
select
    kind,
    release_key,
    from_request,
    of_feature as feature,
    leg_of(passed_on, from_request, from_phone) as leg,
    destination,
    coalesce(chain_region, host.region, 'unknown') as region,
    coalesce(chain_category, 'unknown') as category,
    coalesce(chain_purpose, 'unknown') as purpose,
    coalesce(chain_consent, 'unknown') as consent,
    cause_of(
        from_request, request_decision, request_audited, coalesce(request_placement, rule.placement)
    ) as cause,
    case
        when rule is not null then declared_of(
            of_feature, release_key, destination, chain_purpose, chain_consent, chain_category,
            coalesce(chain_region, host.region), host.role, coalesce(retained_there, host.retained)
        )
    end as declared,
    measure,
    host.owner as owner,
    coalesce(host.role, 'unknown') as role,
    coalesce(retained_there, host.retained) as retained,
    trained_there as trained_on,
    consent_version,
    case when chain_consent is not null then speaks end as consent_from,
    granted_later,
    granted_otherwise,
    server_port = 80 as in_clear,
    request_decision as decision,
    policy_version
from ruled
