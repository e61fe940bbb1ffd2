-- What is rolled up by day, under the policy as it is now.
create or replace view counted_requests as
select
    c.* exclude (release, placement),
    coalesce(c.release, 'unknown') as release,
    placed(c.placement, c.decision, p.placement) as placement,
    answered_by(c.decision) as answered_by
from rollup_requests c
left join releases r on r.release = c.release
left join policy_features p
    on p.feature = c.feature
    and coalesce(r.sort_key, '') >= p.from_key and coalesce(r.sort_key, '') < p.until_key;
create or replace view counted_phones as
select
    c.* exclude (release, placement),
    coalesce(c.release, 'unknown') as release,
    placed(c.placement, c.decision, p.placement) as placement,
    answered_by(c.decision) as answered_by
from rollup_phones c
left join releases r on r.release = c.release
left join policy_features p
    on p.feature = c.feature
    and coalesce(r.sort_key, '') >= p.from_key and coalesce(r.sort_key, '') < p.until_key;
