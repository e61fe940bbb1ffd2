-- When what is `observed` was seen first and last, and in which traces first. For as long as the connection
-- lasts.
create temp table looked_up (
    number bigint,
    first bigint,
    last bigint,
    earliest struct(time bigint, trace_id blob)[]
)
