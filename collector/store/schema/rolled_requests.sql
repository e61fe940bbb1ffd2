-- Requests that began in [since, until), counted by day and by what is asked for most: from
-- `first_day` to the last midnight up to `until` from rollup_requests where they are rolled up, the
-- others one by one.
create or replace macro rolled_requests(since, until, first_day) as table
from sealed_requests(until, first_day)
union all
select
    day, received, app, environment, feature, release, os, network, model, model_size, size_budget,
    placement, placement_inferred, decision, reason, blocked_reason, threshold, answered_by, n,
    numbered, in_10s, in_1min, in_10min, in_1h, in_6h, in_1d, in_7d, believed, ahead, no_device_model,
    no_country, no_installation, no_duration, no_runtime, no_delegate, no_confidence
from uncounted_requests(since, until, first_day)
