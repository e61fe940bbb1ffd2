-- Keeps the tombstones of an erasure.
insert into tombstones by name select * from fresh
