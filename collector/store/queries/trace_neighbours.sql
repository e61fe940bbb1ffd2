-- What the installation of one trace's requests asked before and after them, the nearest five each.
with own as (
    select installation, min(time) as first, max(time) as last
    from requests
    where trace_id = $trace and installation is not null and time >= $from and time < $to
    group by installation
)
select
    lower(hex(r.trace_id)) as trace_id, make_timestamp_ns(r.time) as time, feature, release,
    decision, reason, confidence, threshold, network, duration / 1e6 as duration_ms
from requests r
join own o on o.installation = r.installation
where r.time >= $from and r.time < $to and r.trace_id <> $trace
qualify row_number() over (
    partition by r.installation, r.time < o.first order by abs(r.time - o.first), r.trace_id
) <= 5
order by r.time, trace_id
