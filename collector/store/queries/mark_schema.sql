-- Marks a fresh file with the version of its schema.
insert into schema_version values ($version)
