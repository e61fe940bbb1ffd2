-- Requests with a number of a known installation and launch, each a run of its own as in rollup_runs.
create or replace view numbered_requests as
select
    f.commit_number, f.span_id, f.received_time, c.feature,
    f.installation, md5_number_lower(f.launch) as launch, f.source,
    f.sequence as first, f.sequence as last, f.time, f.time as earliest, f.time as latest,
    cast(0 as bigint) as repeated
from span_facts f
join span_contexts c on c.number = f.context
where c.feature is not null and c.decision is not null
    and f.installation is not null and f.launch is not null and f.sequence is not null
