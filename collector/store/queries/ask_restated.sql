-- Whose history of consent changed is asked for where it is kept: they are few, and are known to be.
create temp macro restated(last) as table from changed
