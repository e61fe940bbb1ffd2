-- When the oldest of what carries a pseudonym was received.
select min(received_time) as received_time
from (
    select min(received_time) as received_time from span_facts
    union all
    select min(received_time) from batches
    union all
    select min(received_time) from inputs
    union all
    select min(received_time) from consents
)
