-- What was rolled up of traces that lost a span is about to go: rollup_{table} loses it.
insert into rollup_{table} by name
with gone as (
    select * from rolled_singly where trace_id in (select trace_id from rollup_dirty)
)
from summed_{table}('gone', -1)
