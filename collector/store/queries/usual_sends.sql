-- Where the newest 500 requests of a feature in [from, to) that asked the cloud sent to: where a
-- model endpoint answered most of them, else most went; and the mean bytes that each sent there, over
-- those of which every send was measured. Their traces are looked for by number first.
with asked as materialized (
    select trace_id, md5_number_lower(trace_id) as trace
    from requests
    where feature = $feature and app = $app and decision in ('fallback', 'cloud')
        and time >= $from and time < $to
    order by time desc
    limit 500
),
near as materialized (
    select f.rowid as place
    from span_facts f
    semi join asked a on a.trace = f.trace
    where f.time >= $from - apart() and f.time < $to + apart()
),
calls as materialized (
    select
        f.trace_id, f.span_id, f.parent_span_id, f.time, f.installation, f.output_label, c.kind,
        coalesce(lower(c.server_address), 'unknown') as destination,
        case
            when c.error_type is not null and c.http_status is null then null
            else coalesce(f.egress_bytes, f.http_request_body_size, f.http_request_size)
        end as bytes
    from span_facts f
    join span_contexts c on c.number = f.context
    where f.rowid in (select place from near) and f.trace_id in (select trace_id from asked)
),
sends as (
    select *
    from calls
    where kind = 'CLIENT' and installation is not null
        and time >= $from - 3600000000000 and time < $to + 3600000000000
),
innermost as (
    select s.*
    from sends s
    anti join (from calls where kind = 'CLIENT') c
        on c.trace_id = s.trace_id and c.parent_span_id = s.span_id
),
answered as (
    select distinct trace_id, parent_span_id as span_id
    from calls
    where kind = 'SERVER' and output_label is not null
),
by_trace as (
    select
        i.trace_id, i.destination, sum(i.bytes) as bytes, count(*) = count(i.bytes) as measured,
        count(a.span_id) as answers
    from innermost i
    left join answered a on a.trace_id = i.trace_id and a.span_id = i.span_id
    group by all
)
select
    destination,
    count(*) as requests,
    avg(bytes) filter (where measured) as bytes
from by_trace
group by destination
order by sum(answers) desc, requests desc, destination
limit 1
