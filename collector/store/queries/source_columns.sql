-- The columns that make a source.
select column_name
from duckdb_columns()
where table_name = 'span_sources' and column_name not in ('number', 'digest')
