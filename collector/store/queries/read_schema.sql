-- The version of the schema in this file.
select max(version) from schema_version
