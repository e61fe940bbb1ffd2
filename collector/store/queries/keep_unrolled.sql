-- Traces that rollup_departures does not cover, up to a transaction where it is not null, and some where
-- these are not null; for as long as the connection lasts: that they are few is then known when what
-- belongs to them is looked for.
create temp table anew as
from unrolled($last)
where $traces is null or trace_id in (select unnest($traces))
