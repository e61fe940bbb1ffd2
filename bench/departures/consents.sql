-- What phones consented to before all of it: nine in ten have a history, one in ten of these took
-- something back.
insert into consents by name
select
    c.received_time as commit_number, c.received_time, c.received_time as time, c.installation,
    1 as key_id, c.purpose, c.state, '1' as version, 'bench' as policy_version
from (
    select
        $today - ($days + 10 - turn) * 86400000000000 - cast(hash(p + turn) % 3600000000000 as bigint)
            as received_time,
        case
            when p < len($known) then $known[p + 1]
            else unhex(printf('%016x%016x', hash(p), hash(p + 1)))
        end as installation,
        ['app_functionality', 'analytics'][1 + turn % 2] as purpose,
        case when turn > 1 then 'withdrawn' else 'granted' end as state
    from range($phones) t(p), range(4) u(turn)
    where hash(p + 2) % 10 < 9 and (turn < 2 or hash(p + 3) % 10 = 0)
) c
