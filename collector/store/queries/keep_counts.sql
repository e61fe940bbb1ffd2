-- What of these rollup_{table} is to count, for as long as the connection lasts.
create temp table fresh_{table} as from summed_{table}('uncounted_kept', 1)
