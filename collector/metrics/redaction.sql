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
    select *, day_of(received_time) as day
    from redactions
    where received_time >= $from and received_time < $to
)
where true {where}
group by all
order by "values" desc, field {by}
