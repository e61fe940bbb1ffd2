-- Who sent a span, with what stands for what it does not say; `release_said` stays unknown.
create or replace view named_sources as
select
    number,
    key_id,
    coalesce(app, 'unknown') as app,
    coalesce(environment, 'unknown') as environment,
    release as release_said,
    coalesce(release, 'unknown') as release,
    os_of(os_name, os_type, os_version) as os,
    coalesce(device_model, 'unknown') as device_model,
    coalesce(country, 'unknown') as country
from span_sources
