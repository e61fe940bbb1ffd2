-- Redaction: what was kept, hashed, masked, cut and dropped, by field.
-- dimensions: day
-- field text: attribute or part of the record
-- detector text: what found it
-- action text: what was done
-- policy text: version of the policy that was in force
-- values count: values it was done to
select
    field,
    detector,
    action,
    policy,
    cast(sum(occurrences) as bigint) as "values"
    {by}
from (
    select unnest(redactions, recursive := true), policy_version as policy,
        day_of(received_time) as day
    from batches
    where received_time >= $from and received_time < $to and redactions is not null
)
where true {where}
group by all
order by "values" desc, field, detector, action, policy {by}
