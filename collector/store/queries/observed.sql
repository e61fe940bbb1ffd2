-- What is in `observed`, one row of all that is alike.
select
    unnest(any_value(what)),
    number,
    cast(sum(transfers) as bigint) as transfers,
    cast(sum(bytes) as bigint) as bytes
from observed
group by number
having sum(transfers) <> 0
order by number
