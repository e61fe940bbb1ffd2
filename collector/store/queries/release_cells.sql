-- Release cells: attempted requests of two releases by kind, with what the other one's threshold would do.
-- dimensions: app environment feature os device_model country network model runtime delegate hour day
with counts as (
    select release, feature, threshold, decision = 'fallback' as fell, cast(sum(n) as double) as n
    from {requests}
    where release in ($release, $against) and placement <> 'cloud' {where}
    group by all
    having sum(n) > 0
),
ranked as (
    select
        release,
        feature,
        threshold,
        row_number() over (
            partition by release, feature order by sum(n) desc, threshold
        ) as place
    from counts
    where threshold is not null
    group by release, feature, threshold
),
thresholds as (
    select release, feature, threshold from ranked where place = 1
),
seen as (
    select
        release, device_model, os, network, feature, decision, reason, confidence,
        decision = 'fallback' as fell,
        sum(n * case when installation is null then 1 else weight end) as n
    from {phones}
    where release in ($release, $against) and placement <> 'cloud' {where}
    group by all
    having sum(n) > 0
),
scoped as (
    -- Of a sample, as many as there are of each release, and as many fallbacks among them.
    select s.* replace (s.n * t.n / sum(s.n) over (partition by s.release, s.fell) as n)
    from seen s
    join (select release, fell, sum(n) as n from counts group by all) t
        on t.release = s.release and t.fell = s.fell
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
    left join (select distinct release, feature from counts) present
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
    sum(n) as requests,
    sum(case when fell then n else 0 end) as fallbacks,
    sum(
        case
            when by_threshold and not unjudged and usual <> other then
                case when confidence < other and network <> 'unavailable' then n else 0 end
            when fell then n
            else 0
        end
    ) as other,
    sum(case when unjudged then n else 0 end) as unjudged
from judged
group by release, device_model, os, network, feature
order by newer, device_model, os, network, feature
