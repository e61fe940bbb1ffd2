-- Adds to told_{table} what was made of a day.
insert into told_{table} by name from fresh
