-- The logged inputs of an installation.
select
    number, received_time, feature, kind, digest, truth, sealed, installation, span_id,
    lower(hex(trace_id)) as trace_id
from inputs
where list_contains($pseudonyms, installation)
order by number
