-- Of what is `sought` the days, from their `start` (ns), on which it was seen first and last according to
-- sums, and as what. For as long as the connection lasts.
create temp table edges as
select distinct
    o.sighting,
    o.kind,
    o.differs,
    s.number as source,
    o.day,
    cast(date_diff('day', date '1970-01-01', o.day) as bigint) * 86400000000000 as start,
    o.day = o.begins as opens,
    o.day = o.ends as closes
from (
    select
        *,
        unnest(list_distinct([
            case when first_day = begins then first_day end,
            case when last_day = ends then last_day end
        ])) as day
    from sought
    where kind is not null
) o
join named_sources s
    on s.app = o.app and s.release = o.release and s.os = o.os
    and ($environment is null or s.environment = $environment)
