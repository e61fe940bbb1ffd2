-- Where the newest 500 requests of a feature in [from, to) that asked the cloud sent to: where a
-- model endpoint answered most of them, else most went; and the mean bytes that each sent there, over
-- those of which every send was measured.
with asked as (
    select trace_id, span_id
    from requests
    where feature = $feature and app = $app and decision in ('fallback', 'cloud')
        and time >= $from and time < $to
    order by time desc
    limit 500
),
sends as (
    select s.trace_id, s.span_id, coalesce(lower(s.server_address), 'unknown') as destination,
        case
            when s.error_type is not null and s.http_status is null then null
            else coalesce(s.egress_bytes, s.http_request_body_size, s.http_request_size)
        end as bytes
    from spans s
    semi join asked a on a.trace_id = s.trace_id
    where s.kind = 'CLIENT' and s.installation is not null
        and s.time >= $from - 3600000000000 and s.time < $to + 3600000000000
),
innermost as (
    select s.*
    from sends s
    anti join (
        select c.trace_id, c.parent_span_id
        from spans c
        semi join sends o on o.trace_id = c.trace_id
        where c.kind = 'CLIENT' and c.parent_span_id is not null
            and c.time >= $from - apart() and c.time < $to + apart()
    ) c on c.trace_id = s.trace_id and c.parent_span_id = s.span_id
),
answered as (
    select distinct c.trace_id, c.parent_span_id as span_id
    from spans c
    semi join sends o on o.trace_id = c.trace_id
    where c.kind = 'SERVER' and c.output_label is not null
        and c.time >= $from - apart() and c.time < $to + apart()
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
