-- When what is `sought` was seen first and last, and in which traces first. For as long as the connection
-- lasts.
create temp table looked_up (
    sighting bigint,
    first bigint,
    last bigint,
    earliest struct(time bigint, trace_id blob)[]
)
