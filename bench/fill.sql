-- Spans as they lie in a store after days of use: those of the days before in the order of their
-- time, as compaction leaves them; those of the last as they came, one in a hundred up to $days
-- late.
insert into span_facts by name
select
    $now - $days * 86400000000000 + i * ($days * 86400000000000 // $spans) as commit_number,
    cast(i % 1000 as integer) as source,
    cast(i % 50 as integer) as context,
    unhex(printf('%016x%016x', hash(i // 2), hash(i // 2 + $spans))) as trace_id,
    md5_number_lower(trace_id) as trace,
    unhex(printf('%016x', hash(i + 2 * $spans))) as span_id,
    commit_number as received_time,
    commit_number - case
        when hash(i) % 100 = 0 and i >= $spans - $spans // $days
            then cast(hash(i + 1) % ($days * 86400000000000) as bigint)
        else cast(hash(i) % 5000000000 as bigint)
    end as time
from range($first, $last) t(i)
