-- Erasure: what was rolled up around the spans that go, of the same traces.
create temp table gone as
select d.*
from erased_departures d
semi join rollup_dirty u on u.trace_id = d.trace_id and d.time between u.earliest and u.latest
