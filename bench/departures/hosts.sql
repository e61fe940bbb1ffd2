-- What calls have in common: of three features to six destinations, under three states of consent.
insert into span_contexts by name
select
    1000 + f * 18 + h * 3 + c as number, hash(1000 + f * 18 + h * 3 + c) as digest,
    'bench' as policy_version, 'CLIENT' as kind, 'OK' as status,
    ['barcode_scan', 'doc_classify', 'next_word'][f + 1] as feature,
    [
        'api.example.com', 'eu.api.example.com', 'llm.example.net', 'img.example.org',
        'stats.vendor.io', 'ads.tracker.io'
    ][h + 1] as server_address,
    200 as http_status, 443 as server_port,
    ['image', 'document', 'message', 'image', 'diagnostics_other', 'message'][h + 1] as data_categories,
    case when h < 4 then 'app_functionality' else 'analytics' end as purpose,
    ['granted', null, 'denied'][c + 1] as consent_state,
    case when h < 3 then 'eu-west-1' end as egress_region
from range(3) a(f), range(6) b(h), range(3) d(c);
insert into rollup_kinds by name
select
    number - 1000 as number,
    {
        from_request: true, from_phone: true, passed_on: false, request_decision: 'fallback',
        request_placement: 'hybrid', request_audited: cast(null as boolean),
        request_network: 'wifi', request_model: 'small@3', of_feature: feature,
        policy_version: policy_version, destination: server_address, server_port: server_port,
        measure: 'http.request.body.size', chain_region: egress_region,
        chain_category: data_categories, chain_purpose: purpose, said_consent: consent_state,
        said_version: cast(null as varchar), retained_there: cast(null as boolean),
        trained_there: cast(null as boolean)
    } as facts,
    {
        chain_consent: consent_state, consent_version: cast(null as varchar), speaks: 'span',
        granted_later: false, granted_otherwise: false
    } as consent
from span_contexts
where number >= 1000;
