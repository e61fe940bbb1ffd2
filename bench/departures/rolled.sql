-- The calls as they are rolled up.
insert into rollup_departures by name
select
    trace_id, call as span_id, time + 1000000 as time, received as received_time, installation, source,
    kind, bytes, request, installation as consenting
from drawn
