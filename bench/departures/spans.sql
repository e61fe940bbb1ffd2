-- The requests and their calls, and the notes on what brought them.
insert into span_facts by name
select
    received as commit_number, source, context, trace_id, request as span_id, time,
    300000000 as duration, received as received_time, installation, launch, launch as session, sequence,
    (i % 700) / 1000.0 as confidence, cast(null as blob) as parent_span_id,
    cast(null as bigint) as http_request_body_size
from drawn
union all by name
select
    received as commit_number, source, kind + 1000 as context, trace_id, call as span_id,
    request as parent_span_id, time + 1000000 as time, 200000000 as duration, received as received_time,
    installation, bytes as http_request_body_size
from drawn;
insert into batches by name
select
    received as commit_number, received as received_time, 'bench' as policy_version, 'traces' as signal,
    'fieldnotes' as app, 'production' as environment, '2.' || (source % 6) || '.0' as release,
    installation, 1 as key_id, 4000 as body_bytes, 20 as records, 0 as rejected
from drawn
where i % 10 = 0;
