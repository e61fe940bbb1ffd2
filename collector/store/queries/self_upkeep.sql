-- When retention last deleted something and the file was last compacted, what erasures wait for it,
-- and whether the database would fetch extensions from elsewhere.
select
    (select max(time) from audit where action = 'retention') as deleted,
    (select max(time) from audit where action = 'compaction') as compacted,
    (select count(*) from erasures where bytes_gone is null) as unfinished_erasures,
    current_setting('autoinstall_known_extensions') as installs_extensions
