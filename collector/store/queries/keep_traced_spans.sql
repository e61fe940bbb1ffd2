-- Erasure: the spans of some traces in [$from, $to), of which those are to be deleted that some
-- installations sent or no installation; for as long as the connection lasts. The traces of a `part` begin
-- in at most so many row $groups, of $group_rows. Where they are is looked for first, in one column.
create temp table traced_spans as
with places as materialized (
    select rowid as place
    from span_facts
    where trace in (select md5_number_lower(unnest($traces))) and time >= $from and time < $to
),
found as (
    select
        rowid as place, commit_number, context, trace_id, span_id, parent_span_id, time, start_time,
        received_time, installation is null or installation in (select unnest($pseudonyms)) as erased
    from span_facts
    where rowid in (select place from places) and trace_id in (select unnest($traces))
),
ranked as (
    select *, dense_rank() over (order by place // $group_rows) - 1 as row_group from found
)
select
    * exclude (row_group), min(row_group) over (partition by trace_id) // $groups as part
from ranked
