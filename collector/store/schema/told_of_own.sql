-- What is said of what Limen itself took off devices, of `taken`, which are rows of batches or sums of such.
create or replace macro told_of_own(taken) as table
select
    * exclude (signal) replace (
        coalesce(app, 'unknown') as app, coalesce(environment, 'unknown') as environment,
        coalesce(release, 'unknown') as release
    ),
    'unknown' as feature,
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
    'otlp.body' as measure,
    'Limen' as owner,
    'first_party' as role,
    true as retained,
    false as trained_on,
    bytes as bytes_received,
    false as granted_later,
    false as granted_otherwise
from query_table(taken)
