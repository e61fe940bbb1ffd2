-- What left in some traces.
select
    trace_id, lower(hex(span_id)) as span_id, lower(hex(request)) as request, destination, owner, role, leg,
    cause, region, category, purpose, consent, declared, bytes, measure
from departures($from, $to, $traces)
order by time
