-- Stores new spans.
insert into spans by name select * from fresh
