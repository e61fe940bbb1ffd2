-- Traces are given up.
insert into rollup_dirty by name from fresh
