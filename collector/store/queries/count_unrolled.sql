-- How many departures rollup_departures does not cover, at most, up to a transaction.
with anew as materialized (
    from unrolled($last)
)
select count(*) as calls
from spans s
semi join anew u on u.trace_id = s.trace_id and s.time between u.earliest and u.latest
where s.kind = 'CLIENT'
    and s.time >= (select min(earliest) from anew)
