-- When what is `observed` was seen first and last, and where its first traces stand. For as long as the
-- connection lasts.
create temp table looked_up (number bigint, first bigint, last bigint, places bigint[])
