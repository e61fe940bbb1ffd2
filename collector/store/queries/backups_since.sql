-- When backups were made since a time.
select time from audit where action = 'backup' and time >= $since order by time
