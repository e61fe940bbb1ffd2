-- Departures, counted by everything that a comparison with what is declared asks for; the first three
-- traces of each, and whether another size of body arrived than left.
select
    app, release, feature, split_part(os, ' ', 1) as system, leg, destination, region, role, category,
    purpose, consent, consent_version, granted_later, granted_otherwise, declared, retained, trained_on,
    coalesce(decision in ('fallback', 'cloud') or cause = 'audit', false) as asked,
    coalesce(in_clear, false) as in_clear,
    coalesce(measure = 'http.request.body.size' and bytes <> bytes_received, false) as differs,
    count(*) as transfers,
    cast(sum(bytes) as bigint) as bytes,
    min(time) as first,
    max(time) as last,
    list_transform(arg_min(trace_id, time, 3), lambda trace: lower(hex(trace))) as traces
from departures($from, $to, null)
where ($app is null or app = $app)
    and ($environment is null or environment = $environment)
    and ($release is null or release = $release)
group by all
order by all
