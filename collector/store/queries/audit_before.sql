-- What was logged before the log had a tree, in order.
select time, action, detail from audit_before order by rowid
