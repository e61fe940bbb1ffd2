-- Every span that was accepted, whole.
create or replace view spans as
select
    f.* exclude (start_time),
    f.start_time is null as time_believed,
    coalesce(f.start_time, cast(f.time as ubigint)) as start_time,
    s.* exclude (number, digest),
    c.* exclude (number, digest)
from span_facts f
join span_sources s on s.number = f.source
join span_contexts c on c.number = f.context
