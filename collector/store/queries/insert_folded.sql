-- Adds a day that was folded.
insert into folded_requests by name from fresh
