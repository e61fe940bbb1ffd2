-- The columns that make a context.
select name from pragma_table_info('span_contexts') where name not in ('number', 'digest')
