-- Release cells: attempted requests of two releases by kind, with what the other one's threshold would do.
-- dimensions: app environment feature os device_model country network model runtime delegate hour day
with scoped as (
    select
        release, device_model, os, network, feature, decision, reason, confidence, threshold
    from requests
    where time >= $from and time < $to and release in ($release, $against) and placement <> 'cloud' {where}
),
ranked as (
    select
        release,
        feature,
        threshold,
        row_number() over (
            partition by release, feature order by count(*) desc, threshold
        ) as place
    from scoped
    where threshold is not null
    group by release, feature, threshold
),
thresholds as (
    select release, feature, threshold from ranked where place = 1
),
held as (
    -- A feature that only one of them has keeps its threshold.
    select
        s.*,
        mine.threshold as usual,
        theirs.threshold as other,
        s.decision = 'accept' or s.reason = 'low_confidence' as by_threshold,
        present.feature is not null as in_other
    from scoped s
    left join thresholds mine on mine.release = s.release and mine.feature = s.feature
    left join thresholds theirs on theirs.release <> s.release and theirs.feature = s.feature
    left join (select distinct release, feature from scoped) present
        on present.release <> s.release and present.feature = s.feature
),
judged as (
    select
        *,
        by_threshold and in_other
            and (usual is null or other is null or (usual <> other and confidence is null)) as unjudged
    from held
)
select
    release = $release as newer,
    device_model,
    os,
    network,
    feature,
    count(*) as requests,
    cast(sum(case when decision = 'fallback' then 1 else 0 end) as bigint) as fallbacks,
    cast(
        sum(
            case
                when by_threshold and not unjudged and usual <> other then
                    case when confidence < other and network <> 'unavailable' then 1 else 0 end
                when decision = 'fallback' then 1
                else 0
            end
        ) as bigint
    ) as other,
    cast(sum(case when unjudged then 1 else 0 end) as bigint) as unjudged
from judged
group by release, device_model, os, network, feature
order by newer, device_model, os, network, feature
