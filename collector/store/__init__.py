"""The one door to DuckDB: schema, writer, reader, vault."""
