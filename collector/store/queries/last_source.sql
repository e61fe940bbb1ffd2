-- The highest number of a source.
select coalesce(max(number), -1) from span_sources
