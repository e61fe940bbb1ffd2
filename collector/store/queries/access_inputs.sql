-- The logged inputs of an installation.
select
    number as "case", received_time, feature, kind, digest, truth, size, installation, span_id,
    lower(hex(trace_id)) as trace_id
from inputs
where list_contains($pseudonyms, installation)
order by number
