-- The highest number of a context.
select coalesce(max(number), -1) from span_contexts
