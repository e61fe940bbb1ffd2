-- Latency: how long people waited, by who answered.
-- dimensions: app environment feature release os device_model country network model runtime delegate threshold_version placement decision reason hour day
-- answered_by text: device or cloud
-- requests count: answered requests
-- p50_ms ms: median
-- p95_ms ms: 95th percentile
-- p99_ms ms: 99th percentile
select
    answered_by,
    count(*) as requests,
    percentile_cont(0.50) within group (order by duration) / 1e6 as p50_ms,
    percentile_cont(0.95) within group (order by duration) / 1e6 as p95_ms,
    percentile_cont(0.99) within group (order by duration) / 1e6 as p99_ms
    {by}
from requests
where time >= $from and time < $to and answered_by is not null and duration >= 0 {where}
group by all
order by answered_by {by}
