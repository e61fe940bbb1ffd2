-- Departures that are rolled up under another consent than they left under, of installations in
-- restated(last), that began in [since, until); of these the `part`-th of so many `parts`.
create or replace macro restated_departures(since, until, last, parts, part) as table
with leaving as materialized (
    select d.* exclude (kind, consent_since), k.facts
    from rollup_departures d
    semi join restated(last) r on r.installation = d.consenting and d.time >= r.earliest
    anti join unrolled(last) u on u.trace_id = d.trace_id and d.time between u.earliest and u.latest
    join rollup_kinds k on k.number = d.kind
    where d.time >= since and d.time < until and d.time >= (select min(r.earliest) from restated(last) r)
        and hash(d.trace_id) % parts = part
),
{consented}
