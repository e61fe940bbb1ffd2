-- How many entries the audit log has.
select coalesce(max(number) + 1, 0) as size from audit
