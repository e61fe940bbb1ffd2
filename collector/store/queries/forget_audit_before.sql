-- The log of before there was a tree, once it is taken over.
drop table audit_before
