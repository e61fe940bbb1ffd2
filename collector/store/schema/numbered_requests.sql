-- Requests with a number of a known installation and launch, and the dimensions that a gap has.
create or replace view numbered_requests as
select
    f.commit_number, f.span_id, f.installation, f.launch, f.sequence, f.time, f.received_time,
    c.feature,
    coalesce(s.app, 'unknown') as app,
    coalesce(s.environment, 'unknown') as environment,
    coalesce(s.release, 'unknown') as release,
    os_of(s.os_name, s.os_type, s.os_version) as os,
    coalesce(s.device_model, 'unknown') as device_model,
    coalesce(s.country, 'unknown') as country
from span_facts f
join span_sources s on s.number = f.source
join span_contexts c on c.number = f.context
where c.feature is not null and c.decision is not null
    and f.installation is not null and f.launch is not null and f.sequence is not null
