-- Which schema this file has; one row.
create table schema_version (
    version integer not null
)
