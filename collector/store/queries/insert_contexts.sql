-- Stores contexts seen for the first time.
insert into span_contexts by name select * from fresh
