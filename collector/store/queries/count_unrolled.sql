-- How many departures rollup_departures does not cover, at most, up to a transaction.
select count(*) as calls
from spans s
semi join unrolled($last) u on u.trace_id = s.trace_id
where s.kind = 'CLIENT'
