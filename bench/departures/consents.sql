-- What phones consented to: nine in ten have a history, one in ten of these took it back in between.
insert into consents by name
select
    c.received_time as commit_number, c.received_time, c.received_time as time, c.installation,
    1 as key_id, c.purpose, c.state, '1' as version, 'bench' as policy_version
from (
    select
        $now - cast($days * 86400000000000 * turn / 4 as bigint)
            - cast(hash(p + turn) % 3600000000000 as bigint) as received_time,
        case
            when p = 0 then $known
            else unhex(printf('%016x%016x', hash(p), hash(p + 1)))
        end as installation,
        ['app_functionality', 'analytics'][1 + turn % 2] as purpose,
        case when turn < 2 and hash(p + 3) % 10 = 0 then 'withdrawn' else 'granted' end as state
    from range($phones) t(p), range(4) u(turn)
    where hash(p + 2) % 10 < 9 and (turn > 1 or hash(p + 3) % 10 = 0)
) c
