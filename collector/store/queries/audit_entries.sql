-- Entries of the audit log from a number on.
select
    number, time, action, actor, reason, count, detail, salt, hashes[1:32] as leaf
from audit
where number >= $first
order by number
limit $limit
