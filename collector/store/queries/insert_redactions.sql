-- Notes what a group's redaction did.
insert into redactions by name select * from fresh
