-- How many of the spans of an installation were passed on, as far as that was noted.
select count(*) as spans
from span_facts s
cross join forwarding p
where
    (s.commit_number, s.span_id, coalesce(s.start_time, cast(s.time as ubigint)))
        <= (p.commit_number, p.span_id, p.start_time)
    and list_contains($pseudonyms, s.installation)
