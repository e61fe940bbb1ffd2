-- When the oldest of what carries a pseudonym was received, where that was before $before.
select min(received_time) as received_time
from (
    select min(received_time) as received_time from span_facts where received_time < $before
    union all
    select min(received_time) from batches where received_time < $before
    union all
    select min(received_time) from inputs where received_time < $before
    union all
    select min(received_time) from consents where received_time < $before
)
