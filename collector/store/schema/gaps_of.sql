-- The gaps that `runs` tell in [since, until), with the dimensions of the requests after them.
create or replace macro gaps_of(runs, since, until) as table
select
    r.time, r.installation,
    s.* exclude (number, key_id, release_said),
    r.lost, r.repeated, hour_of(r.time) as hour, day_of(r.time) as day
from query_table(runs) r
join named_sources s on s.number = r.source
where r.time >= since and r.time < until and (r.lost > 0 or r.repeated > 0)
