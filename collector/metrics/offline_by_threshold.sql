-- Offline by threshold: what would be answered without a network at another threshold, by how sure the on-device models were.
-- dimensions: app environment feature release os device_model country model runtime delegate placement hour day
-- threshold ratio: from 0 to 0.95, in twenty steps
-- offline_requests count: requests made without a network
-- sure count: of these, those whose confidence is not below the threshold, unless they failed, were planned for the cloud, or were declined for another reason than it
-- unknown count: of these, those whose confidence nobody reports
-- coverage_min ratio: sure / offline_requests; none of the unknown are answered
-- coverage_max ratio: (sure + unknown) / offline_requests; all of the unknown are answered
with judged as (
    select
        case
            when placement = 'cloud' or sure_step = -1 then 'never'
            when sure_step is null then 'unknown'
            else 'sure'
        end as said,
        sure_step as step,
        n
        {by}
    from {offline}
    where true {where}
),
counted as (
    select said, step, sum(n) as n {by}
    from judged
    group by all
    having sum(n) > 0
),
answered as (
    select
        t.step / 20.0 as threshold,
        sum(c.n) as n,
        sum(case when c.said = 'sure' and c.step >= t.step then c.n else 0 end) as sure,
        sum(case when c.said = 'unknown' then c.n else 0 end) as unknown
        {by:c}
    from counted c
    cross join (select unnest(range(0, 20)) as step) t
    group by all
)
select
    cast(threshold as double) as threshold,
    cast(n as bigint) as offline_requests,
    cast(sure as bigint) as sure,
    cast(unknown as bigint) as unknown,
    sure / cast(n as double) as coverage_min,
    (sure + unknown) / cast(n as double) as coverage_max
    {by}
from answered
order by threshold {by}
