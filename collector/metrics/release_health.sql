-- Release health: each release of the app side by side.
-- dimensions: app environment feature release os device_model country network model hour day
-- release text: service.version
-- installations count: distinct pseudonyms
-- adoption ratio: installations of the release / installations of its app, same period and environment
-- requests count: requests
-- attempted count: requests whose placement is not cloud
-- fallback_rate ratio: fallbacks / attempted
-- fallback_low ratio: lower end of the 95 % interval, clustered by installation
-- fallback_high ratio: upper end of the 95 % interval, clustered by installation
-- offline_requests count: requests made without a network
-- offline_coverage ratio: offline requests the device answered / offline requests
-- error_rate ratio: errors / requests
-- p95_ms ms: 95th percentile of the time people waited for an answer
-- egress_bytes_per_request bytes: measured bytes that left the device with these requests / requests; unknown where none was measured
-- unknown_bytes_transfers count: sends of these requests that failed or were not measured
with scoped as not materialized (
    select * from requests where time >= $from and time < $to {where}
),
row_scope as (
    select distinct release, app as in_app, environment as in_environment {by} from scoped
),
phones as (
    select distinct app as in_app, environment as in_environment, installation {by}
    from requests
    where time >= $from and time < $to
),
app_installations as (
    select r.release, count(distinct q.installation) as installations {by:r}
    from row_scope r
    join phones q
        on q.in_app = r.in_app and q.in_environment = r.in_environment {within:q:r}
    group by all
),
sent as (
    select trace_id, request, sum(bytes) as bytes, count(*) - count(bytes) as unmeasured
    from departures($from, $to + 3600000000000, null)
    where leg = 'device' and request is not null
    group by trace_id, request
),
clusters as (
    select
        coalesce(installation, span_id) as cluster,
        release,
        sum(case when placement <> 'cloud' then 1 else 0 end) as n,
        sum(case when placement <> 'cloud' and decision = 'fallback' then 1 else 0 end) as k
        {by}
    from scoped
    group by all
),
sized as (
    select
        release,
        sum(k) as k,
        sum(n) as n,
        sum(k) / nullif(cast(sum(n) as double), 0) as p,
        told(
            effective_size(
                sum(k), sum(n), sum(k * k), sum(k * n), sum(n * n),
                sum(case when n > 0 then 1 else 0 end)
            ),
            $k
        ) as size
        {by}
    from clusters
    group by all
),
described as (
    select
        s.release,
        count(distinct s.installation) as installations,
        count(*) as requests,
        sum(case when s.network = 'unavailable' then 1 else 0 end) as offline,
        sum(case when s.network = 'unavailable' and s.decision = 'accept' then 1 else 0 end)
            as served,
        sum(case when s.decision = 'error' then 1 else 0 end) as errors,
        percentile_cont(0.95) within group (
            order by case when s.answered_by is not null and s.duration >= 0 then s.duration end
        ) / 1e6 as p95_ms,
        sum(sent.bytes) as bytes,
        coalesce(sum(sent.unmeasured), 0) as unmeasured
        {by:s}
    from scoped s
    left join sent on sent.trace_id = s.trace_id and sent.request = s.span_id
    group by all
)
select
    d.release,
    told(d.installations, $k) as installations,
    told(d.installations, $k) / cast(nullif(told(a.installations, $k), 0) as double) as adoption,
    d.requests,
    cast(z.n as bigint) as attempted,
    z.p as fallback_rate,
    wilson_low(z.p, z.size) as fallback_low,
    wilson_high(z.p, z.size) as fallback_high,
    cast(d.offline as bigint) as offline_requests,
    d.served / nullif(cast(d.offline as double), 0) as offline_coverage,
    d.errors / cast(d.requests as double) as error_rate,
    d.p95_ms,
    case
        when d.bytes is null and d.unmeasured > 0 then null
        else coalesce(d.bytes, 0) / cast(d.requests as double)
    end as egress_bytes_per_request,
    cast(d.unmeasured as bigint) as unknown_bytes_transfers
    {by:d}
from described d
join sized z on z.release = d.release {same:d:z}
join app_installations a on a.release = d.release {same:d:a}
left join releases r on r.release = d.release
order by r.sort_key {by:d}
