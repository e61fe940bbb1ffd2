-- What rollup_served holds, or is to hold, as the spans say it.
create or replace view span_served as
select
    f.commit_number, f.time, f.start_time, f.duration, f.received_time, f.context,
    call_of(f.trace_id, f.parent_span_id) as call
from span_facts f
join span_contexts c on c.number = f.context
where c.kind = 'SERVER' and f.parent_span_id is not null
