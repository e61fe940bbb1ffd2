-- What the spans of requests.sql have in common: six releases on four phones in three countries; three
-- features that are answered, fall back, are blocked or fail on three networks; their calls.
insert into releases by name
select '2.' || i || '.0' as release, printf('%08d', i) as sort_key from range(6) t(i);
insert into span_sources by name
select
    i as number, hash(i) as digest, 1 as key_id, 'fieldnotes' as app, 'production' as environment,
    '2.' || (i % 6) || '.0' as release,
    ['Pixel 8', 'SM-A546B', 'iPhone15,2', 'Pixel 6'][1 + (i // 6) % 4] as device_model,
    ['Android', 'Android', 'iOS', 'Android'][1 + (i // 6) % 4] as os_name,
    ['14', '13', '17.1', '14'][1 + (i // 6) % 4] as os_version,
    ['DE', 'FR', 'US'][1 + (i // 24) % 3] as country
from range(72) t(i);
insert into span_contexts by name
select
    f * 24 + n * 8 + d as number, hash(f * 24 + n * 8 + d) as digest, 'bench' as policy_version,
    'INTERNAL' as kind, 'OK' as status,
    ['barcode_scan', 'doc_classify', 'next_word'][f + 1] as feature, 'hybrid' as placement,
    ['accept', 'accept', 'accept', 'accept', 'fallback', 'fallback', 'blocked', 'error'][d + 1]
        as decision,
    case d when 4 then 'low_confidence' when 5 then 'timeout' end as fallback_reason,
    case d when 6 then 'offline' end as blocked_reason,
    0.7 as threshold, '1' as threshold_version, 'small' as model_name, '3' as model_version,
    'litert' as runtime, 'cpu' as delegate, ['wifi', 'cell', 'unavailable'][n + 1] as network
from range(3) a(f), range(3) b(n), range(8) c(d);
insert into span_contexts by name
select
    100 + f as number, hash(100 + f) as digest, 'bench' as policy_version, 'CLIENT' as kind,
    'OK' as status, ['barcode_scan', 'doc_classify', 'next_word'][f + 1] as feature,
    'api.example.com' as server_address, 200 as http_status, 'image' as data_categories,
    'app_functionality' as purpose, 'granted' as consent_state, 'eu-west-1' as egress_region
from range(3) a(f);
