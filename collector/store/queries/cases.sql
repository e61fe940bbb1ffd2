-- Logged inputs of a run between two numbers, with the facts of their requests; the cloud's label
-- and the bytes sent are those of the sends that a model endpoint answered.
select
    i.number as "case",
    i.trace_id,
    i.span_id,
    i.installation,
    i.sealed,
    i.truth,
    s.decision,
    s.output_label as device_label,
    s.confidence as device_confidence,
    s.threshold,
    s.model_digest,
    coalesce(s.audit_sampled, false) as audit_sampled,
    s.audit_probability,
    cloud.output_label as cloud_label,
    s.release,
    os_of(s.os_name, s.os_type, s.os_version) as os,
    s.device_model,
    s.runtime,
    s.delegate,
    cloud.bytes as egress_bytes
from inputs i
left join spans s
    on s.trace_id = i.trace_id and s.span_id = i.span_id
left join (
    select
        client.trace_id,
        client.parent_span_id as request,
        any_value(server.output_label) as output_label,
        cast(
            sum(
                coalesce(
                    client.egress_bytes, client.http_request_body_size, client.http_request_size
                )
            ) as bigint
        ) as bytes
    from spans client
    join spans server
        on server.trace_id = client.trace_id and server.parent_span_id = client.span_id
    where client.kind = 'CLIENT' and server.kind = 'SERVER' and server.output_label is not null
    group by client.trace_id, client.parent_span_id
) cloud on cloud.trace_id = i.trace_id and cloud.request = i.span_id
where i.feature = $feature and i.number <= $last_number
    and i.received_time >= $since and i.received_time < $until
    and i.number between $first and $last
order by i.number
