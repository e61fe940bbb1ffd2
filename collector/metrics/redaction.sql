-- Redaction: what was kept from the disk, by field.
-- dimensions: day
-- field text: attribute or part of the record
-- detector text: what found it
-- action text: what was done
-- values count: values it was done to
select
    field,
    detector,
    action,
    cast(sum(occurrences) as bigint) as "values"
    {by}
from (
    select unnest(redactions, recursive := true), day_of(received_time) as day
    from batches
    where received_time >= $from and received_time < $to and redactions is not null
)
where true {where}
group by all
order by "values" desc, field {by}
