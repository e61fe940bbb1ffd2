-- What rollup_departures holds one by one, with what it is summed by in rollup_sent and
-- rollup_senders.
create or replace view rolled_singly as
select
    d.rowid as place, d.trace_id, d.span_id, d.time, d.consenting, d.kind, d.bytes,
    day_of(d.time) as day,
    day_of(d.received_time) as received,
    coalesce(s.app, 'unknown') as app,
    coalesce(s.environment, 'unknown') as environment,
    s.release,
    os_of(s.os_name, s.os_type, s.os_version) as os,
    coalesce(d.bytes <> d.bytes_received, false) as differs,
    d.consenting as sender,
    squared(d.bytes, d.consenting) as squares,
    1 as n
from rollup_departures d
join span_sources s on s.number = d.source
