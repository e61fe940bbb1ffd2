-- What Limen itself took off devices that was received in [since, until): a departure a request.
create or replace macro own_departures(since, until) as table
select
    received_time as time,
    received_time,
    installation,
    coalesce(app, 'unknown') as app,
    coalesce(environment, 'unknown') as environment,
    'unknown' as feature,
    coalesce(release, 'unknown') as release,
    'unknown' as os,
    'unknown' as device_model,
    'unknown' as country,
    'device' as leg,
    'telemetry' as destination,
    'unknown' as region,
    case signal when 'traces' then 'diagnostics_other' else 'unknown' end as category,
    'analytics' as purpose,
    'unknown' as consent,
    'design' as cause,
    body_bytes as bytes,
    'otlp.body' as measure,
    'Limen' as owner,
    'first_party' as role,
    true as retained,
    false as trained_on,
    body_bytes as bytes_received,
    false as granted_later,
    false as granted_otherwise,
    policy_version
from batches
where installation is not null and received_time >= since and received_time < until
