-- The first entry of the audit log from a time on.
select min(number) from audit where time >= $since
