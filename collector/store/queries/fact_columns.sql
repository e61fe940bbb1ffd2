-- What is stored of each span.
select name from pragma_table_info('span_facts')
