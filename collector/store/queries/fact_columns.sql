-- What is stored of each span.
select column_name from duckdb_columns() where table_name = 'span_facts'
