-- Stores new spans.
insert into span_facts by name select * from fresh
