-- Requests counted by day in `sums`, such as rollup_requests and fresh_requests, under the policy as it
-- is now.
create or replace macro counted(sums) as table
select
    c.*,
    coalesce(c.release_said, 'unknown') as release,
    placed(c.placement_said, c.decision, p.placement) as placement,
    c.placement_said is null as placement_inferred,
    p.size_budget,
    answered_by(c.decision) as answered_by
from query_table(sums) c
left join releases r on r.release = c.release_said
left join policy_features p
    on p.feature = c.feature
    and coalesce(r.sort_key, '') >= p.from_key and coalesce(r.sort_key, '') < p.until_key
