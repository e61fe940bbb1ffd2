-- Requests of phones over $days that each asked the cloud, evenly, twenty to a launch; one in a hundred
-- arrived up to a week late.
create or replace temp table drawn as
select
    i,
    received - case
        when hash(i + 1) % 100 = 0 then cast(hash(i + 2) % 604800000000000 as bigint)
        else cast(hash(i + 3) % 60000000000 as bigint)
    end as time,
    received,
    cast(hash(phone) % 12 * 6 + (turn * 6 * $phones // $departures + hash(phone) % 2) % 6 as integer)
        as source,
    cast(feature * 24 + hash(i + 9) % 2 * 8 + 4 as integer) as context,
    cast(
        feature * 18 + case
            when draw < 600 then 0 when draw < 800 then 1 when draw < 950 then 2 when draw < 990 then 3
            when draw < 999 then 4 else 5
        end * 3 + case when draw % 10 < 6 then 0 when draw % 10 < 9 then 1 else 2 end as integer
    ) as kind,
    unhex(printf('%016x%016x', hash(i), hash(i + 4))) as trace_id,
    unhex(printf('%016x', hash(i + 5))) as request,
    unhex(printf('%016x', hash(i + 6))) as call,
    case
        when phone = 0 then $known
        else unhex(printf('%016x%016x', hash(phone), hash(phone + 1)))
    end as installation,
    unhex(printf('%016x', hash(phone * 1000003 + turn // 20))) as launch,
    turn % 20 as sequence,
    cast(20000 + hash(i + 7) % 10000 as bigint) as bytes
from (
    select
        i, i // $phones as turn, i % $phones as phone, hash(i + 8) % 3 as feature,
        hash(i + 10) % 1000 as draw,
        $now - ($departures - i) * ($days * 86400000000000 // $departures) as received
    from range($first, $last) t(i)
)
