-- Requests of phones, one each $step ns from $since on, twenty to a launch, one in fifty lost on its
-- way; one in five fell back, with the call that carried it. Ids end in 00, so that what is
-- repeated on other days (repeated.py) has others.
insert into span_facts by name
with phones as (
    select
        i, i // $phones as turn, i % $phones as phone,
        $since + i * $step + cast(hash(i) % $step as bigint) as time,
        hash(i + 7) % 3 as feature, hash(i + 9) % 10 as network, hash(i + 11) % 100 as draw
    from range($first, $last) t(i)
    where hash(i + 3) % 50 <> 0
),
drawn as (
    select
        *,
        cast(hash(phone) % 72 as integer) as source,
        case when network < 6 then 0 when network < 9 then 1 else 2 end as connected,
        case
            when draw < 75 then 0
            when draw < 92 then case when network = 9 then 6 else 4 end
            when draw < 96 then 5
            when draw < 98 then 6
            else 7
        end as decision,
        unhex(printf('%016x%014x00', hash(i), hash(i + 1) >> 8)) as trace_id,
        md5_number_lower(trace_id) as trace,
        unhex(printf('%016x', hash(i + 2))) as span_id,
        unhex(printf('%016x%016x', hash(phone), hash(phone + 1))) as installation
    from phones
)
select
    time as commit_number, source, trace_id, trace, span_id, cast(null as blob) as parent_span_id, time,
    time + 1000000000 as received_time, installation,
    cast(feature * 24 + connected * 8 + decision as integer) as context,
    cast(20000000 + hash(i) % 400000000 as bigint) as duration,
    unhex(printf('%014x00', hash(phone * 1000003 + turn // 20) >> 8)) as launch,
    turn % 20 as sequence, (hash(i) % 1000) / 1000.0 as confidence,
    cast(null as bigint) as http_request_body_size
from drawn
union all by name
select
    time as commit_number, source, trace_id, trace, unhex(printf('%016x', hash(i + 5))) as span_id,
    span_id as parent_span_id, time + 1000000 as time, time + 1000000000 as received_time,
    installation, cast(100 + feature as integer) as context,
    cast(20000000 + hash(i) % 300000000 as bigint) as duration,
    cast(20000 + hash(i) % 10000 as bigint) as http_request_body_size
from drawn
where decision in (4, 5)
