-- How much of the file holds data, and how much of it waits to be used again (bytes).
select
    cast(used_blocks * block_size as bigint) as used,
    cast(free_blocks * block_size as bigint) as reusable
from pragma_database_size()
where database_name = current_database()
