-- Unknown departures: what nobody says of the data that left, attribute by attribute; Limen's own telemetry is not in it.
-- dimensions: app environment feature release os device_model country destination leg hour day
-- attribute text: what is not said; `declaration` where what is unknown leaves open whether the policy declares it
-- transfers count: sends that could say it
-- unknown count: of these, those that do not say it
-- share ratio: unknown / transfers
with counted as materialized (
    select
        sum(n) as n,
        -- Whose consent it had is not told to everybody: it is `other` then, and not counted.
        sum(case when consent <> 'other' then n else 0 end) as consented,
        sum(case when consent = 'unknown' then n else 0 end) as no_consent,
        sum(case when ',' || category || ',' like '%,unknown,%' then n else 0 end) as no_category,
        sum(case when purpose = 'unknown' then n else 0 end) as no_purpose,
        sum(case when destination = 'unknown' then n else 0 end) as no_destination,
        sum(case when region = 'unknown' then n else 0 end) as no_region,
        sum(case when role = 'unknown' then n else 0 end) as no_role,
        sum(case when cause = 'unknown' then n else 0 end) as no_cause,
        sum(case when leg = 'unknown' then n else 0 end) as no_leg,
        sum(case when measure is null then n else 0 end) as no_bytes,
        sum(case when declared is null then n else 0 end) as no_declaration
        {by}
    from {departures}
    where destination <> 'telemetry' {where}
    group by all
),
listed as (
    select 'consent' as attribute, consented as transfers, no_consent as unknown {by} from counted
    union all select 'category', n, no_category {by} from counted
    union all select 'purpose', n, no_purpose {by} from counted
    union all select 'destination', n, no_destination {by} from counted
    union all select 'region', n, no_region {by} from counted
    union all select 'role', n, no_role {by} from counted
    union all select 'cause', n, no_cause {by} from counted
    union all select 'leg', n, no_leg {by} from counted
    union all select 'bytes', n, no_bytes {by} from counted
    union all select 'declaration', n, no_declaration {by} from counted
)
select
    attribute,
    cast(transfers as bigint) as transfers,
    cast(unknown as bigint) as unknown,
    unknown / cast(transfers as double) as share
    {by}
from listed
where transfers > 0
order by share desc, attribute {by}
