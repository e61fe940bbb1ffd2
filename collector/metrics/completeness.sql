-- Completeness: how many requests arrived of those the phones numbered; a gap is lost telemetry.
-- dimensions: app environment release os device_model country hour day
-- received count: numbered requests of a known installation and launch that arrived, each number once
-- expected count: highest − lowest + 1 of the sequence, per installation and launch, of requests of which none was made over 7 days after the one before; a number that did not come counts where the next request began
-- completeness ratio: received / expected; what silence hides is not in it
-- open flag: the period ends less than 7 days ago, so late data may still come
with told as (
    select numbered as received, 0 as lost {by} from {requests} where true {where}
    union all
    select -repeated as received, lost {by} from {gaps} where true {where}
),
counted as (
    select
        cast(coalesce(sum(received), 0) as bigint) as received,
        cast(coalesce(sum(lost), 0) as bigint) as lost
        {by}
    from told
    group by all
    having coalesce(sum(received), 0) > 0 or $whole
)
select
    received,
    received + lost as expected,
    received / nullif(cast(received + lost as double), 0) as completeness,
    $to > $now - 604800000000000 as open
    {by}
from counted
order by received desc {by}
