-- Stores new spans.
insert into span_facts by name select *, md5_number_lower(trace_id) as trace from fresh
