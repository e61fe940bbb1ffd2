-- The spans of one trace, in the place of all spans for as long as the connection lasts: every view and macro
-- finds these only. Where they may be is looked for first, in one column.
create temp table span_facts as
with places as materialized (
    select rowid as place from main.span_facts where trace in (select md5_number_lower($trace))
)
-- As lists: a constant is looked for in all rows.
select *
from main.span_facts
where rowid in (select place from places) and trace_id in (select $trace)
