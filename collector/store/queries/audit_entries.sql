-- Entries of the audit log from a number on: a range, which the file's order finds, no search.
select
    number, time, action, actor, reason, count, detail, salt, hashes[1:32] as leaf
from audit
where number >= $first and number < $first + $limit
order by number
