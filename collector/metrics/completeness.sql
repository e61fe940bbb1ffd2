-- Completeness: how many requests arrived of those the phones numbered; a gap is lost telemetry.
-- dimensions: app environment release os device_model country hour day
-- received count: numbered requests of a known installation and launch that arrived, each number once
-- expected count: highest − lowest + 1 of the sequence, per installation and launch
-- completeness ratio: received / expected; what silence hides is not in it
-- open flag: the period ends less than 7 days ago, so late data may still come
with stepped as (
    select
        *,
        sequence - lag(sequence) over (
            partition by installation, launch order by sequence
        ) as step
    from requests
    where time >= $from and time < $to
        and installation is not null and launch is not null and sequence is not null
),
counted as (
    select
        cast(coalesce(sum(case when step = 0 then 0 else 1 end), 0) as bigint) as received,
        cast(coalesce(sum(case when step > 1 then step - 1 else 0 end), 0) as bigint) as lost
        {by}
    from stepped
    where true {where}
    group by all
)
select
    received,
    received + lost as expected,
    received / nullif(cast(received + lost as double), 0) as completeness,
    $to > $now - 604800000000000 as open
    {by}
from counted
order by received desc {by}
