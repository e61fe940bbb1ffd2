-- Stores sources seen for the first time.
insert into span_sources by name select * from fresh
