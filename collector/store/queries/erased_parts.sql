-- Erasure: the traces of each part; those without a span are in the first.
select coalesce(s.part, 0) as part, list(t.trace_id) as traces
from (select unnest($traces) as trace_id) t
left join (select distinct trace_id, part from traced_spans) s on s.trace_id = t.trace_id
group by all
order by part
