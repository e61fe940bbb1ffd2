-- `departures`, which are as in rollup_departures, with what they are summed by in rollup_sent and
-- rollup_senders.
create or replace macro summable(departures) as table
select
    d.*,
    day_of(d.time) as day,
    day_of(d.received_time) as received,
    coalesce(s.app, 'unknown') as app,
    coalesce(s.environment, 'unknown') as environment,
    s.release,
    os_of(s.os_name, s.os_type, s.os_version) as os,
    coalesce(d.bytes <> d.bytes_received, false) as differs,
    d.consenting as sender,
    squared(d.bytes, d.consenting) as squares,
    cast(1 as bigint) as n
from query_table(departures) d
join span_sources s on s.number = d.source
