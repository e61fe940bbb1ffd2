-- The version of the schema in this file; fails where it has none yet.
select max(version) from schema_version
