-- What left devices in [from, to) by feature for its answers, audits apart: categories, the mean bytes of
-- each request over those of which every send was measured.
with sent as (
    select
        feature, trace_id, request, sum(bytes) as bytes, count(*) = count(bytes) as measured,
        string_agg(distinct category, ',') as categories
    from departures($from, $to, null)
    where leg = 'device' and cause in ('fallback', 'design') and request is not null
        and declared is distinct from false
    group by feature, trace_id, request
)
select
    feature,
    avg(bytes) filter (where measured) as bytes_each,
    string_agg(distinct categories, ',') as categories
from sent
group by feature
