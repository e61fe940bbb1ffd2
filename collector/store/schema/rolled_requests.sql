-- Requests of the days from `first_day` to before that of `until`, counted by day and by what is asked for
-- most in `sums`: rollup_requests, and fresh_requests for what is not rolled up.
create or replace macro rolled_requests(sums, until, first_day) as table
select
    day, received, app, environment, feature, release, os, network, model, model_size, size_budget,
    placement, placement_inferred, decision, reason, blocked_reason, threshold, answered_by, n,
    numbered, in_10s, in_1min, in_10min, in_1h, in_6h, in_1d, in_7d, believed, ahead, no_device_model,
    no_country, no_installation, no_duration, no_runtime, no_delegate, no_confidence
from counted(sums)
where day >= day_of(first_day) and day < day_of(until)
