-- Whether this file has a schema already.
select count(*) from duckdb_tables() where table_name = 'schema_version'
