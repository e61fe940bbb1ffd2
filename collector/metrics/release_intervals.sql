-- Release intervals: how sure the figures of release_health are, 95 %, clustered by installation.
-- dimensions: app environment feature release os device_model country network model hour day
-- release text: service.version
-- adoption_low ratio: lower end of adoption
-- adoption_high ratio: upper end of adoption
-- coverage_low ratio: lower end of offline coverage
-- coverage_high ratio: upper end of offline coverage
-- error_low ratio: lower end of the error rate
-- error_high ratio: upper end of the error rate
-- p95_low_ms ms: lower end of p95, by Woodruff's method (1952), in steps of 4.4 %
-- p95_high_ms ms: upper end of p95
-- egress_low bytes: lower end of the measured bytes per request; unknown with fewer than two installations, and where none was measured
-- egress_high bytes: upper end of the measured bytes per request
with counted as (
    select
        release,
        sum(n) as n,
        sum(case when decision = 'error' then n else 0 end) as errors,
        sum(case when network = 'unavailable' then n else 0 end) as offline,
        sum(case when network = 'unavailable' and decision = 'accept' then n else 0 end) as served
        {by}
    from {requests}
    where true {where}
    group by all
    having sum(n) > 0
),
steps as (
    select release, wait_step as step, cast(sum(n) as double) as n {by}
    from {waits}
    where wait_step is not null {where}
    group by all
    having sum(n) > 0
),
ranked as materialized (
    select
        s.*,
        sum(s.n) over (partition by s.release {by:s} order by s.step) as upto,
        sum(s.n) over (partition by s.release {by:s}) as total
    from steps s
),
p95 as (
    select release, min(step) as p95_step, min(upto) as fast, max(total) as waits {by}
    from ranked
    where upto >= 0.95 * total
    group by all
),
per_phone as materialized (
    select
        phone_of(installation) as installation,
        release,
        app as in_app,
        environment as in_environment,
        max(weight) as weight,
        sum(case when inside then cast(n as double) else 0 end) as n,
        sum(case when inside and decision = 'error' then cast(n as double) else 0 end) as errors,
        sum(case when inside and network = 'unavailable' then cast(n as double) else 0 end) as offline,
        sum(
            case
                when inside and network = 'unavailable' and decision = 'accept'
                    then cast(n as double)
                else 0
            end
        ) as served,
        sum(case when inside and wait_step is not null then cast(n as double) else 0 end) as waits,
        sum(case when inside and wait_step <= p95_step then cast(n as double) else 0 end) as fast
        {by}
    from (
        select p.*, q.p95_step
        from (select *, true {where} as inside from {phones}) p
        left join p95 q on q.release = p.release {same:p:q}
    )
    group by all
    having sum(n) > 0
),
phones as (
    select distinct in_app, in_environment, installation {by} from per_phone
),
row_scope as (
    select distinct release, in_app, in_environment {by} from per_phone where n > 0
),
app_installations as (
    select r.release, count(distinct q.installation) as installations {by:r}
    from row_scope r
    join phones q
        on q.in_app = r.in_app and q.in_environment = r.in_environment {within:q:r}
    group by all
),
clusters as (
    -- Those that no installation is known of are each a phone of their own: a square is the number.
    select
        installation is not null as known,
        case when installation is null then 1 else sum(n) end as by_n,
        case when installation is null then 1 else sum(errors) end as by_errors,
        case when installation is null then 1 else sum(offline) end as by_offline,
        case when installation is null then 1 else sum(served) end as by_served,
        case when installation is null then 1 else sum(waits) end as by_waits,
        case when installation is null then 1 else sum(fast) end as by_fast,
        case when installation is null then 1 else max(weight) end as one,
        release,
        max(weight) as weight,
        sum(n) as n,
        sum(errors) as errors,
        sum(offline) as offline,
        sum(served) as served,
        sum(waits) as waits,
        sum(fast) as fast
        {by}
    from per_phone
    group by installation, release {by}
),
spread as (
    select
        release,
        max(weight) as weight,
        sum(case when known and n > 0 then 1 else 0 end) as installations,
        sum(case when known then 0 else n end) as single,
        sum(errors * by_errors * one) as error_kk,
        sum(errors * by_n * one) as error_kn,
        sum(n * by_n * one) as nn,
        sum(case when known and offline > 0 then 1 else 0 end) as offline_installations,
        sum(case when known then 0 else offline end) as offline_single,
        sum(served * by_served * one) as served_kk,
        sum(served * by_offline * one) as served_kn,
        sum(offline * by_offline * one) as offline_nn,
        sum(case when known and waits > 0 then 1 else 0 end) as waiting_installations,
        sum(case when known then 0 else waits end) as waiting_single,
        sum(fast * by_fast * one) as fast_kk,
        sum(fast * by_waits * one) as fast_kn,
        sum(waits * by_waits * one) as waits_nn
        {by}
    from clusters
    group by all
),
sized as (
    select
        c.*,
        sampled_size(
            c.errors, c.n, error_kk, error_kn, nn, s.installations, single, weight
        ) as error_size,
        sampled_size(
            c.served, c.offline, served_kk, served_kn, offline_nn, offline_installations,
            offline_single, weight
        ) as coverage_size,
        sampled_size(
            q.fast, q.waits, fast_kk, fast_kn, waits_nn, waiting_installations, waiting_single, weight
        ) as wait_size,
        cast(round(coalesce(s.installations * weight, 0)) as bigint) as installations,
        cast(round(a.installations * weight) as bigint) as of_installations
    from counted c
    left join spread s on s.release = c.release {same:c:s}
    left join app_installations a on a.release = c.release {same:c:a}
    left join p95 q on q.release = c.release {same:c:q}
),
stated as (
    select
        release,
        errors / cast(n as double) as error_rate,
        told(error_size, $k) as error_size,
        served / nullif(cast(offline as double), 0) as coverage,
        told(coverage_size, $k) as coverage_size,
        told(wait_size, $k) as wait_size,
        nullif(told(of_installations, $k), 0) as of_installations,
        told(installations, $k) / cast(nullif(told(of_installations, $k), 0) as double) as adoption
        {by}
    from sized
),
bounds as (
    select
        r.release,
        min(
            case
                when r.upto >= wilson_low(0.95, s.wait_size) * r.total
                    then wait_ms(r.step, r.n, r.upto, wilson_low(0.95, s.wait_size) * r.total)
            end
        ) as low,
        min(
            case
                when r.upto >= wilson_high(0.95, s.wait_size) * r.total
                    then wait_ms(r.step, r.n, r.upto, wilson_high(0.95, s.wait_size) * r.total)
            end
        ) as high
        {by:r}
    from ranked r
    join stated s on s.release = r.release {same:r:s}
    group by all
),
left_with as (
    select
        release,
        sum(bytes) as bytes,
        sum(case when measure is null then 0 else n end) as measured,
        sum(n) as transfers
        {by}
    from {sent}
    where true {where}
    group by all
),
senders as (
    select
        installation,
        release,
        max(weight) as weight,
        sum(n) as n,
        sum(bytes) as bytes,
        sum(squares) as squares
        {by}
    from (
        select installation, release, weight, n, 0 as bytes, 0 as squares {by} from per_phone
        union all
        select
            phone_of(installation) as installation, release, weight, 0 as n,
            cast(bytes as double) as bytes, squares {by}
        from {senders}
        where true {where}
    )
    group by installation, release {by}
),
sent_spread as (
    -- Those that no installation is known of are each a sender of its own.
    select
        release,
        max(weight) as weight,
        sum(case when installation is not null and n > 0 then 1 else 0 end) as sampled,
        sum(case when installation is null then n else 0 end) as unsampled,
        sum(case when installation is null then squares else bytes * bytes * weight end) as bb,
        sum(case when installation is null then bytes else bytes * n * weight end) as bn,
        sum(case when installation is null then n else n * n * weight end) as nn
        {by}
    from senders
    group by release {by}
),
sending as (
    select
        c.release,
        c.n,
        case
            when l.measured > 0 or coalesce(l.transfers, 0) = 0 then coalesce(l.bytes, 0) / cast(c.n as double)
        end as egress,
        case
            when s.weight = 1 or s.sampled >= 30
                then told(cast(round(s.sampled * s.weight + s.unsampled) as bigint), $k)
        end as clusters,
        coalesce(s.bb, 0) as bb,
        coalesce(s.bn, 0) as bn,
        s.nn
        {by:c}
    from counted c
    left join left_with l on l.release = c.release {same:c:l}
    left join sent_spread s on s.release = c.release {same:c:s}
),
egress as (
    select
        *,
        case
            when clusters > 1 then
                1.959964 * sqrt(
                    clusters / (clusters - 1.0)
                        * greatest(bb - 2 * egress * bn + egress * egress * nn, 0)
                ) / n
        end as half
    from sending
)
select
    t.release,
    wilson_low(t.adoption, t.of_installations) as adoption_low,
    wilson_high(t.adoption, t.of_installations) as adoption_high,
    wilson_low(t.coverage, t.coverage_size) as coverage_low,
    wilson_high(t.coverage, t.coverage_size) as coverage_high,
    wilson_low(t.error_rate, t.error_size) as error_low,
    wilson_high(t.error_rate, t.error_size) as error_high,
    b.low as p95_low_ms,
    b.high as p95_high_ms,
    greatest(e.egress - e.half, 0) as egress_low,
    e.egress + e.half as egress_high
    {by:t}
from stated t
left join bounds b on b.release = t.release {same:t:b}
left join egress e on e.release = t.release {same:t:e}
left join releases r on r.release = t.release
order by r.sort_key {by:t}
