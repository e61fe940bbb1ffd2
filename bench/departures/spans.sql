-- Requests of phones, one each $step ns from $since on, twenty to a launch, that each asked the cloud, and
-- their calls; one in a hundred arrived up to a week late. The notes on what brought them. Ids end in
-- 00, so that what is repeated on other days (repeated.py) has others.
create or replace temp table drawn as
select
    i,
    received - case
        when hash(i + 1) % 100 = 0 then cast(hash(i + 2) % 604800000000000 as bigint)
        else cast(hash(i + 3) % 60000000000 as bigint)
    end as time,
    received,
    cast(hash(phone) % 12 * 6 + hash(i + 11) % 6 as integer) as source,
    cast(feature * 24 + hash(i + 9) % 2 * 8 + 4 as integer) as context,
    cast(
        1000 + feature * 18 + case
            when draw < 600 then 0 when draw < 800 then 1 when draw < 950 then 2 when draw < 990 then 3
            when draw < 999 then 4 else 5
        end * 3 + case when draw % 10 < 6 then 0 when draw % 10 < 9 then 1 else 2 end as integer
    ) as called,
    unhex(printf('%016x%014x00', hash(i), hash(i + 4) >> 8)) as trace_id,
    md5_number_lower(trace_id) as trace,
    unhex(printf('%016x', hash(i + 5))) as request,
    unhex(printf('%016x', hash(i + 6))) as call,
    case
        when phone < len($known) then $known[phone + 1]
        else unhex(printf('%016x%016x', hash(phone), hash(phone + 1)))
    end as installation,
    unhex(printf('%014x00', hash(phone * 1000003 + turn // 20) >> 8)) as launch,
    turn % 20 as sequence,
    cast(20000 + hash(i + 7) % 10000 as bigint) as bytes
from (
    select
        i, i // $phones as turn, i % $phones as phone, hash(i + 8) % 3 as feature,
        hash(i + 10) % 1000 as draw,
        $since + i * $step as received
    from range($first, $last) t(i)
);
insert into span_facts by name
select
    received as commit_number, source, context, trace_id, trace, request as span_id, time,
    300000000 as duration, received as received_time, installation, launch, launch as session, sequence,
    (i % 700) / 1000.0 as confidence, cast(null as blob) as parent_span_id,
    cast(null as bigint) as http_request_body_size
from drawn
union all by name
select
    received as commit_number, source, called as context, trace_id, trace, call as span_id,
    request as parent_span_id, time + 1000000 as time, 200000000 as duration, received as received_time,
    installation, bytes as http_request_body_size
from drawn;
insert into batches by name
select
    received as commit_number, received as received_time, 'bench' as policy_version, 'traces' as signal,
    'fieldnotes' as app, 'production' as environment, '2.' || (source % 6) || '.0' as release,
    installation, 1 as key_id, 4000 as body_bytes, 20 as records, 0 as rejected
from drawn
where i % 10 = 0
