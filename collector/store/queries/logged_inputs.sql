-- Logged inputs that were received in a period, by the app and feature of their requests.
select
    coalesce(r.app, 'unknown') as app,
    i.feature,
    count(*) as inputs,
    min(i.received_time) as first,
    max(i.received_time) as last
from inputs i
left join requests r on r.trace_id = i.trace_id and r.span_id = i.span_id
where i.received_time >= $from and i.received_time < $to
    and ($app is null or r.app = $app)
    and ($environment is null or r.environment = $environment)
    and ($release is null or r.release = $release)
group by all
order by all
