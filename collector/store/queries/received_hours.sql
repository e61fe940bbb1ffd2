-- The hours (since 1970) in which something was received that expires before a time; of one feature
-- where `feature` is not null.
select distinct received_time // 3600000000000 as hour
from (
    select received_time from span_facts where $feature is null
    union all
    select received_time from spans where feature = $feature
    union all
    select received_time from batches where $feature is null
    union all
    select received_time from consents where $feature is null
)
where received_time < $before
order by hour
