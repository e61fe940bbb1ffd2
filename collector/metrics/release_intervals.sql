-- Release intervals: how sure the figures of release_health are, 95 %, clustered by installation.
-- dimensions: app environment feature release os device_model country network model hour day
-- release text: service.version
-- adoption_low ratio: lower end of adoption
-- adoption_high ratio: upper end of adoption
-- coverage_low ratio: lower end of offline coverage
-- coverage_high ratio: upper end of offline coverage
-- error_low ratio: lower end of the error rate
-- error_high ratio: upper end of the error rate
-- p95_low_ms ms: lower end of p95, by Woodruff's method (1952), to a hundredth
-- p95_high_ms ms: upper end of p95
-- egress_low bytes: lower end of the measured bytes per request; unknown with fewer than two installations, and where none was measured
-- egress_high bytes: upper end of the measured bytes per request
with scoped as (
    select *, coalesce(installation, span_id) as cluster
    from requests
    where time >= $from and time < $to {where}
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
        s.cluster,
        s.release,
        max(case when s.installation is null then 0 else 1 end) as known,
        cast(count(*) as double) as n,
        cast(sum(case when s.decision = 'error' then 1 else 0 end) as double) as errors,
        cast(sum(case when s.network = 'unavailable' then 1 else 0 end) as double) as offline,
        cast(
            sum(case when s.network = 'unavailable' and s.decision = 'accept' then 1 else 0 end)
            as double
        ) as served,
        cast(coalesce(sum(sent.bytes), 0) as double) as bytes,
        count(sent.bytes) as measured,
        coalesce(sum(sent.unmeasured), 0) as unmeasured
        {by:s}
    from scoped s
    left join sent on sent.trace_id = s.trace_id and sent.request = s.span_id
    group by all
),
totals as (
    select
        release,
        sum(known) as installations,
        count(*) as clusters,
        sum(n) as n,
        sum(errors) as errors,
        sum(errors) / sum(n) as error_rate,
        told(
            effective_size(
                sum(errors), sum(n), sum(errors * errors), sum(errors * n), sum(n * n), count(*)
            ),
            $k
        ) as error_size,
        sum(served) / nullif(sum(offline), 0) as coverage,
        told(
            effective_size(
                sum(served), sum(offline), sum(served * served), sum(served * offline),
                sum(offline * offline), sum(case when offline > 0 then 1 else 0 end)
            ),
            $k
        ) as coverage_size,
        case when sum(measured) > 0 or sum(unmeasured) = 0 then sum(bytes) / sum(n) end as egress,
        sum(bytes * bytes) as bb,
        sum(bytes * n) as bn,
        sum(n * n) as nn
        {by}
    from clusters
    group by all
),
waits as not materialized (
    -- In steps of a hundredth, so that a quantile of many requests is one of few steps.
    select cluster, release, floor(100 * ln(greatest(duration, 1))) as step {by}
    from scoped
    where answered_by is not null and duration >= 0
),
steps as (
    select release, step, cast(count(*) as double) as n {by}
    from waits
    group by all
),
ranked as (
    select
        s.*,
        sum(s.n) over (partition by s.release {by:s} order by s.step) as upto,
        sum(s.n) over (partition by s.release {by:s}) as total
    from steps s
),
p95 as (
    select release, min(step) as step {by}
    from ranked
    where upto >= 0.95 * total
    group by all
),
below as (
    select
        w.cluster,
        w.release,
        cast(count(*) as double) as n,
        cast(sum(case when w.step <= q.step then 1 else 0 end) as double) as k
        {by:w}
    from waits w
    join p95 q on q.release = w.release {same:w:q}
    group by all
),
shares as (
    select
        release,
        told(
            effective_size(sum(k), sum(n), sum(k * k), sum(k * n), sum(n * n), count(*)), $k
        ) as size
        {by}
    from below
    group by all
),
bounds as (
    select
        r.release,
        min(case when r.upto >= wilson_low(0.95, s.size) * r.total then r.step end) as low,
        min(case when r.upto >= wilson_high(0.95, s.size) * r.total then r.step end) as high
        {by:r}
    from ranked r
    join shares s on s.release = r.release {same:r:s}
    group by all
),
spread as (
    select
        t.*,
        nullif(told(a.installations, $k), 0) as of_installations,
        told(t.installations, $k) / cast(nullif(told(a.installations, $k), 0) as double) as adoption,
        case
            when clusters > 1 then
                1.959964 * sqrt(
                    clusters / (clusters - 1.0)
                        * greatest(bb - 2 * egress * bn + egress * egress * nn, 0)
                ) / n
        end as half
    from totals t
    join app_installations a on a.release = t.release {same:t:a}
)
select
    t.release,
    wilson_low(t.adoption, t.of_installations) as adoption_low,
    wilson_high(t.adoption, t.of_installations) as adoption_high,
    wilson_low(t.coverage, t.coverage_size) as coverage_low,
    wilson_high(t.coverage, t.coverage_size) as coverage_high,
    wilson_low(t.error_rate, t.error_size) as error_low,
    wilson_high(t.error_rate, t.error_size) as error_high,
    exp(b.low / 100.0) / 1e6 as p95_low_ms,
    exp((b.high + 1) / 100.0) / 1e6 as p95_high_ms,
    greatest(t.egress - t.half, 0) as egress_low,
    t.egress + t.half as egress_high
    {by:t}
from spread t
left join bounds b on b.release = t.release {same:t:b}
left join releases r on r.release = t.release
order by r.sort_key {by:t}
