-- The newest key that pseudonyms here were made under.
select coalesce(max(key_id), 0) as key_id
from (
    select max(key_id) as key_id from span_sources
    union all
    select max(key_id) from batches
    union all
    select max(key_id) from inputs
    union all
    select max(key_id) from consents
)
