-- `departures`, which are as in rollup_departures, with what they are summed by in rollup_sent and
-- rollup_senders.
create or replace macro summable(departures) as table
select
    d.*,
    day_of(d.time) as day,
    day_of(d.received_time) as received,
    s.app,
    s.environment,
    s.release_said as release,
    s.os,
    coalesce(d.bytes <> d.bytes_received, false) as differs,
    d.consenting as sender,
    squared(d.bytes, d.consenting) as squares,
    cast(1 as bigint) as n
from query_table(departures) d
join named_sources s on s.number = d.source
