-- Completeness: how many requests arrived of those the phones numbered; a gap is lost telemetry.
-- dimensions: app environment release os device_model country hour day
-- received count: numbered requests that arrived
-- expected count: highest − lowest + 1 of the sequence, per installation and launch
-- completeness ratio: received / expected; what silence hides is not in it
-- open flag: the period ends less than 7 days ago, so late data may still come
with numbered as (
    select
        *,
        sequence - 1 - lag(sequence) over (
            partition by installation, launch order by sequence
        ) as gap
    from requests
    where time >= $from and time < $to and sequence is not null
)
select
    count(*) as received,
    cast(count(*) + coalesce(sum(case when gap > 0 then gap else 0 end), 0) as bigint) as expected,
    count(*) / nullif(
        cast(count(*) + coalesce(sum(case when gap > 0 then gap else 0 end), 0) as double), 0
    ) as completeness,
    $to > $now - 604800000000000 as open
    {by}
from numbered
where true {where}
group by all
order by received desc {by}
