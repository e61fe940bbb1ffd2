-- Adds requests of the sample that were counted.
insert into rollup_phones by name from fresh
