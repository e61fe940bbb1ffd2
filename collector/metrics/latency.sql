-- Latency: how long people waited, by who answered; found in steps of 4.4 %, so right within as much.
-- dimensions: app environment feature release os device_model country network model runtime delegate threshold_version placement decision reason hour day
-- answered_by text: device or cloud
-- requests count: answered requests
-- p50_ms ms: median
-- p95_ms ms: 95th percentile
-- p99_ms ms: 99th percentile
with steps as (
    select answered_by, wait_step as step, cast(sum(n) as double) as n {by}
    from {waits}
    where wait_step is not null {where}
    group by all
    having sum(n) > 0
),
ranked as (
    select
        *,
        sum(n) over (partition by answered_by {by} order by step) as upto,
        sum(n) over (partition by answered_by {by}) as total
    from steps
)
select
    answered_by,
    cast(max(total) as bigint) as requests,
    min(case when upto >= 0.50 * total then wait_ms(step, n, upto, 0.50 * total) end) as p50_ms,
    min(case when upto >= 0.95 * total then wait_ms(step, n, upto, 0.95 * total) end) as p95_ms,
    min(case when upto >= 0.99 * total then wait_ms(step, n, upto, 0.99 * total) end) as p99_ms
    {by}
from ranked
group by all
order by answered_by {by}
