-- Where to keep what left and is not rolled up as it stands, and what stands in its place, for as long as
-- the connection lasts.
create temp table left_kept as from left_anew limit 0;
create temp table outdated as from outdated_traces
