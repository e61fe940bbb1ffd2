-- The columns that make a context.
select column_name
from duckdb_columns()
where table_name = 'span_contexts' and column_name not in ('number', 'digest')
