-- When the first of what carries one of the `erased_installations` was received.
select min(received_time) as received_time
from (
    select min(received_time) as received_time from traced_spans where erased
    union all
    select min(received_time) from inputs
    where installation in (select installation from erased_installations)
    union all
    select min(received_time) from consents
    where installation in (select installation from erased_installations)
    union all
    select min(received_time) from batches
    where installation in (select installation from erased_installations)
)
