-- The consent that the installation of a request stated last, at most 30 days before its end.
select s.consent_state
from spans s
join spans r on r.trace_id = $trace and r.span_id = $span and r.installation = s.installation
where s.kind = 'CLIENT' and s.consent_state is not null and s.consent_state <> 'unknown'
    and (s.feature is null or s.feature = r.feature)
    and s.time <= r.time + coalesce(r.duration, 0)
    and s.time >= r.time - 2592000000000000
order by s.time desc
limit 1
