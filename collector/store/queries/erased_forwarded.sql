-- How many of the spans that an erasure deletes were passed on, as far as that was noted.
select count(*) as spans
from traced_spans s
cross join forwarding p
where
    (s.commit_number, s.span_id, coalesce(s.start_time, cast(s.time as ubigint)))
        <= (p.commit_number, p.span_id, p.start_time)
    and s.erased
