-- What is stored of an installation, span by span: what it sent, and what no installation sent in its
-- traces.
select * exclude (installation, launch, session), received_time - time > 3600000000000 as late
from spans
where
    list_contains($pseudonyms, installation)
    or (
        installation is null
        and trace_id in (
            select trace_id from span_facts where list_contains($pseudonyms, installation)
            union
            select trace_id from inputs where list_contains($pseudonyms, installation)
        )
    )
order by time, start_time
