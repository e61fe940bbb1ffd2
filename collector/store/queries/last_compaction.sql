-- When the file was last compacted.
select max(time) as time from audit where action = 'compaction'
