-- The same as it was made once a day was over.
kept_cells as (select * from {table} where day >= day_of($from) and day < day_of($to))
