-- Door: what was done to the values that arrived. A masked or cut value is among the kept ones too.
-- dimensions: day
-- action text: keep, hash, bucket, mask, cut or drop
-- values count: values it was done to
select
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
order by action {by}
