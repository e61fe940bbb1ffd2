-- Lost requests: what the gaps in the numbers of phones say was lost on the way, and how sure the completeness is.
-- dimensions: app environment release os device_model country hour day
-- requests count: requests
-- numbered count: of these, those with an installation, a launch and a number: only they show gaps
-- lost count: numbers missing between the lowest and the highest of a launch, each where the next request began
-- lost_singly count: of these, those missing alone
-- lost_few count: of these, those of two to nine in a row
-- lost_many count: of these, those of ten and more in a row, as when a batch could not be sent
-- longest count: the most in a row
-- installations count: distinct pseudonyms of the numbered requests
-- losing count: of these, those with a gap
-- completeness_low ratio: lower end of the 95 % interval of completeness, clustered by installation
-- completeness_high ratio: upper end of the 95 % interval of completeness, clustered by installation
with told as (
    select installation, 1 as requests, numbered, numbered as received, 0 as lost {by}
    from {singly}
    where true {where}
    union all
    select installation, 0, 0, -repeated, lost {by} from {gaps} where true {where}
),
per_installation as (
    select
        installation as cluster,
        sum(requests) as requests,
        sum(numbered) as numbered,
        sum(received) as received,
        sum(lost) as lost,
        sum(case when lost = 1 then 1 else 0 end) as singly,
        sum(case when lost between 2 and 9 then lost else 0 end) as few,
        sum(case when lost > 9 then lost else 0 end) as many,
        max(lost) as longest
        {by}
    from told
    group by all
),
totals as (
    select
        sum(requests) as requests,
        sum(numbered) as numbered,
        sum(received) as k,
        sum(received + lost) as n,
        sum(received * received) as kk,
        sum(received * (received + lost)) as kn,
        sum((received + lost) * (received + lost)) as nn,
        sum(lost) as lost,
        sum(singly) as singly,
        sum(few) as few,
        sum(many) as many,
        max(longest) as longest,
        sum(case when numbered > 0 then 1 else 0 end) as installations,
        sum(case when lost > 0 then 1 else 0 end) as losing
        {by}
    from per_installation
    group by all
),
sized as (
    select
        *,
        k / nullif(cast(n as double), 0) as p,
        told(effective_size(k, n, kk, kn, nn, installations), $k) as size
    from totals
)
select
    cast(coalesce(requests, 0) as bigint) as requests,
    cast(coalesce(numbered, 0) as bigint) as numbered,
    cast(coalesce(lost, 0) as bigint) as lost,
    cast(coalesce(singly, 0) as bigint) as lost_singly,
    cast(coalesce(few, 0) as bigint) as lost_few,
    cast(coalesce(many, 0) as bigint) as lost_many,
    cast(coalesce(longest, 0) as bigint) as longest,
    cast(told(coalesce(installations, 0), $k) as bigint) as installations,
    cast(told(coalesce(losing, 0), $k) as bigint) as losing,
    wilson_low(p, size) as completeness_low,
    wilson_high(p, size) as completeness_high
    {by}
from sized
order by requests desc {by}
