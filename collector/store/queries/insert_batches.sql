-- Notes the requests of a group.
insert into batches by name select * from fresh
