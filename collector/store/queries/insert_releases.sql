-- Notes releases seen for the first time.
insert into releases by name select * from fresh
