-- Appends to the audit log.
insert into audit values ($time, $action, $detail)
