-- The same of rollup_contexts.
create or replace macro summed_contexts(rows, sign) as table
select
    day, received, source, context, network,
    case when network = 'unavailable' then confidence_step end as confidence_step,
    case when network = 'unavailable' then sure_step end as sure_step,
    sign * sum(n) as n,
    sign * sum(numbered) as numbered,
    sign * sum(in_10s) as in_10s,
    sign * sum(in_1min) as in_1min,
    sign * sum(in_10min) as in_10min,
    sign * sum(in_1h) as in_1h,
    sign * sum(in_6h) as in_6h,
    sign * sum(in_1d) as in_1d,
    sign * sum(in_7d) as in_7d,
    sign * sum(believed) as believed,
    sign * sum(ahead) as ahead,
    sign * sum(no_device_model) as no_device_model,
    sign * sum(no_country) as no_country,
    sign * sum(no_installation) as no_installation,
    sign * sum(no_duration) as no_duration,
    sign * sum(no_runtime) as no_runtime,
    sign * sum(no_delegate) as no_delegate,
    sign * sum(no_confidence) as no_confidence
from query_table(rows)
group by all
having sum(n) <> 0
