-- The spans of the traces that hold a span of some installation, or one of some traces, in the place of
-- all spans for as long as the connection lasts: every view and macro finds these only. Where they are is
-- looked for first, in one column each.
create temp table span_facts as
with traced as materialized (
    select distinct trace_id from main.span_facts where installation in (select unnest($pseudonyms))
    union
    select unnest($traces)
),
places as materialized (
    select rowid as place
    from main.span_facts
    where trace in (select md5_number_lower(trace_id) from traced)
)
select *
from main.span_facts
where rowid in (select place from places) and trace_id in (select trace_id from traced)
