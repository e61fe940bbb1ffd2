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
