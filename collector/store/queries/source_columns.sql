-- The columns that make a source.
select name from pragma_table_info('span_sources') where name not in ('number', 'digest')
