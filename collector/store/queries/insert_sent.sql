-- Adds what was rolled up to the sums in rollup_{table}.
insert into rollup_{table} by name
with placed as (
    select
        day_of(f.time) as day,
        day_of(f.received_time) as received,
        coalesce(s.app, 'unknown') as app,
        coalesce(s.environment, 'unknown') as environment,
        s.release,
        os_of(s.os_name, s.os_type, s.os_version) as os,
        k.number as kind,
        coalesce(f.bytes <> f.bytes_received, false) as differs,
        f.consenting as sender,
        f.bytes,
        squared(f.bytes, f.consenting) as squares,
        1 as n
    from fresh f
    join rollup_kinds k
        on k.facts is not distinct from f.facts and k.consent is not distinct from f.consent
    join span_sources s on s.number = f.source
)
from summed_{table}('placed', 1)
