-- Lost requests: what the gaps in the numbers of phones say was lost on the way, and how sure the completeness is.
-- dimensions: app environment release os device_model country hour day
-- requests count: requests
-- numbered count: of these, those with an installation, a launch and a number: only they show gaps
-- lost count: numbers missing between the lowest and the highest of a launch, of requests of which none was made over 7 days after the one before; each where the next request began
-- lost_singly count: of these, those missing alone
-- lost_few count: of these, those of two to nine in a row
-- lost_many count: of these, those of ten and more in a row, as when a batch could not be sent
-- longest count: the most in a row
-- installations count: distinct pseudonyms of the numbered requests; estimated where there are over 8,192
-- losing count: of these, those with a gap
-- completeness_low ratio: lower end of the 95 % interval of completeness, clustered by installation
-- completeness_high ratio: upper end of the 95 % interval of completeness, clustered by installation
with counted as (
    select coalesce(sum(n), 0) as requests, coalesce(sum(numbered), 0) as numbered {by}
    from {requests}
    where true {where}
    group by all
    having sum(n) > 0 or $whole
),
gone as materialized (
    select phone_of(installation) as installation, lost, repeated {by} from {gaps} where true {where}
),
losses as (
    select
        sum(lost) as lost,
        sum(repeated) as repeated,
        sum(case when lost = 1 then 1 else 0 end) as singly,
        sum(case when lost between 2 and 9 then lost else 0 end) as few,
        sum(case when lost > 9 then lost else 0 end) as many,
        max(lost) as longest
        {by}
    from gone
    group by all
),
phones as (
    select
        phone_of(installation) as installation,
        max(weight) as weight,
        sum(numbered) as numbered
        {by}
    from {phones}
    where installation is not null {where}
    group by all
    having sum(numbered) > 0
),
losers as (
    select installation, sum(lost) as lost, sum(repeated) as repeated {by}
    from gone
    where installation in (select installation from phones)
    group by all
),
per_installation as (
    select
        p.weight,
        p.numbered - coalesce(l.repeated, 0) as received,
        coalesce(l.lost, 0) as lost
        {by:p}
    from phones p
    left join losers l on l.installation = p.installation {same:p:l}
),
spread as (
    select
        max(weight) as weight,
        sum(received * received * weight) as kk,
        sum(received * (received + lost) * weight) as kn,
        sum((received + lost) * (received + lost) * weight) as nn,
        count(*) as sampled,
        sum(case when lost > 0 then 1 else 0 end) as losing
        {by}
    from per_installation
    group by all
),
totals as (
    select
        c.*,
        c.numbered - coalesce(l.repeated, 0) as k,
        c.numbered - coalesce(l.repeated, 0) + coalesce(l.lost, 0) as n,
        coalesce(l.lost, 0) as lost,
        coalesce(singly, 0) as singly,
        coalesce(few, 0) as few,
        coalesce(many, 0) as many,
        coalesce(longest, 0) as longest,
        kk,
        kn,
        nn,
        sampled,
        weight,
        cast(round(coalesce(sampled * weight, 0)) as bigint) as installations,
        cast(round(coalesce(losing * weight, 0)) as bigint) as losing
    from counted c
    left join losses l on true {same:c:l}
    left join spread s on true {same:c:s}
),
sized as (
    select
        *,
        k / nullif(cast(n as double), 0) as p,
        told(sampled_size(k, n, kk, kn, nn, sampled, 0, weight), $k) as size
    from totals
)
select
    cast(requests as bigint) as requests,
    cast(numbered as bigint) as numbered,
    cast(lost as bigint) as lost,
    cast(singly as bigint) as lost_singly,
    cast(few as bigint) as lost_few,
    cast(many as bigint) as lost_many,
    cast(longest as bigint) as longest,
    cast(told(installations, $k) as bigint) as installations,
    cast(told(losing, $k) as bigint) as losing,
    wilson_low(p, size) as completeness_low,
    wilson_high(p, size) as completeness_high
    {by}
from sized
order by requests desc {by}
