-- Unknown values: what nobody says of requests, attribute by attribute.
-- dimensions: app environment feature release os device_model country network hour day
-- attribute text: what is not said; `sequence` where a gap cannot show, `stated_placement` where the decision or the policy stands in for the span
-- requests count: requests that could say it: of a model those that tried one, of its confidence and threshold those that it decided, of a reason those without an answer of the device
-- unknown count: of these, those that do not say it
-- share ratio: unknown / requests
with asked as (
    select
        *,
        placement <> 'cloud' as is_tried,
        -- DuckDB 2.0 fails at `reason = …` here where no request has a reason.
        decision = 'accept' or coalesce(reason, '') = 'low_confidence' as is_judged
    from {requests}
    where true {where}
),
counted as materialized (
    select
        sum(n) as all_n,
        sum(case when is_tried then n else 0 end) as tried,
        sum(case when is_judged then n else 0 end) as judged,
        sum(case when decision in ('fallback', 'blocked', 'error') then n else 0 end) as declined,
        sum(case when app = 'unknown' then n else 0 end) as no_app,
        sum(case when environment = 'unknown' then n else 0 end) as no_environment,
        sum(case when release = 'unknown' then n else 0 end) as no_release,
        sum(case when os = 'unknown' then n else 0 end) as no_os,
        sum(no_device_model) as no_device_model,
        sum(no_country) as no_country,
        sum(case when network = 'unknown' then n else 0 end) as no_network,
        sum(no_installation) as no_installation,
        sum(n - numbered) as no_sequence,
        sum(n - believed) as no_start,
        sum(no_duration) as no_duration,
        sum(case when placement = 'unknown' then n else 0 end) as no_placement,
        sum(case when placement_inferred then n else 0 end) as no_stated_placement,
        sum(case when is_tried and model = 'unknown' then n else 0 end) as no_model,
        sum(case when is_tried then no_runtime else 0 end) as no_runtime,
        sum(case when is_tried then no_delegate else 0 end) as no_delegate,
        sum(case when is_judged then no_confidence else 0 end) as no_confidence,
        sum(case when is_judged and threshold is null then n else 0 end) as no_threshold,
        sum(case when reason = 'unknown' then n else 0 end) as no_reason
        {by}
    from asked
    group by all
),
listed as (
    select 'app' as attribute, all_n as requests, no_app as unknown {by} from counted
    union all select 'environment', all_n, no_environment {by} from counted
    union all select 'release', all_n, no_release {by} from counted
    union all select 'os', all_n, no_os {by} from counted
    union all select 'device_model', all_n, no_device_model {by} from counted
    union all select 'country', all_n, no_country {by} from counted
    union all select 'network', all_n, no_network {by} from counted
    union all select 'installation', all_n, no_installation {by} from counted
    union all select 'sequence', all_n, no_sequence {by} from counted
    union all select 'start', all_n, no_start {by} from counted
    union all select 'duration', all_n, no_duration {by} from counted
    union all select 'placement', all_n, no_placement {by} from counted
    union all select 'stated_placement', all_n, no_stated_placement {by} from counted
    union all select 'model', tried, no_model {by} from counted
    union all select 'runtime', tried, no_runtime {by} from counted
    union all select 'delegate', tried, no_delegate {by} from counted
    union all select 'confidence', judged, no_confidence {by} from counted
    union all select 'threshold', judged, no_threshold {by} from counted
    union all select 'reason', declined, no_reason {by} from counted
)
select
    attribute,
    cast(requests as bigint) as requests,
    cast(unknown as bigint) as unknown,
    unknown / cast(requests as double) as share
    {by}
from listed
where requests > 0
order by share desc, attribute {by}
