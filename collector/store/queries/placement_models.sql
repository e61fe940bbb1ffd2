-- Models that ran on devices in [from, to), by feature, with how many requests and their largest size.
select
    feature,
    coalesce(model_name || '@' || model_version, model_name, 'a model without a name') as model,
    count(*) as requests,
    max(model_size) as size
from spans
where time >= $from and time < $to and feature is not null and decision is not null
    and confidence is not null
group by all
order by feature, requests desc, model
