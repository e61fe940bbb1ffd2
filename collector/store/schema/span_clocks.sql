-- A call by its client span: a hash of it that is the same on both sides.
create or replace macro call_of(trace_id, span_id) as md5_number_lower(trace_id || span_id);
-- What rollup_clocks holds, or is to hold, as the spans say it.
create or replace view span_clocks as
select
    f.commit_number, f.time, f.start_time, f.duration, f.received_time, f.installation, f.source,
    f.context, case when c.kind = 'CLIENT' then call_of(f.trace_id, f.span_id) end as call
from span_facts f
join span_contexts c on c.number = f.context
where f.installation < drawn_before()
