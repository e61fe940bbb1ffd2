-- How many of the spans that an erasure deletes were passed on, as far as that was noted.
select count(*) as spans
from span_facts s
cross join forwarding p
where
    (s.commit_number, s.span_id, coalesce(s.start_time, cast(s.time as ubigint)))
        <= (p.commit_number, p.span_id, p.start_time)
    and (
        s.installation in (select installation from erased_installations)
        or (s.installation is null and s.trace_id in (select trace_id from erased_traces))
    )
