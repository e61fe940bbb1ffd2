-- When the oldest telemetry and the oldest logged input was received: of all, and of some features.
select 'telemetry' as what, cast(null as varchar) as feature, min(received_time) as oldest
from (
    select min(received_time) as received_time from span_facts
    union all
    select min(received_time) from batches
    union all
    select min(received_time) from consents
)
union all
select 'telemetry', contexts.feature, min(facts.received_time)
from span_facts facts
    join span_contexts contexts on facts.context = contexts.number
where contexts.feature in (select unnest(cast($features as varchar[])))
group by contexts.feature
union all
select 'inputs', null, min(received_time) from inputs
union all
select 'inputs', feature, min(received_time)
from inputs
where feature in (select unnest(cast($features as varchar[])))
group by feature
