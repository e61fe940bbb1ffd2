-- What was handed out since a time that may name single traces.
select json_extract_string(detail, '$.what') as what, time
from audit
where action = 'data exported' and time >= $since
    and json_extract_string(detail, '$.what') in ('evidence', 'findings', 'ledger', 'requests')
order by time
