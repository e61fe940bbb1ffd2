-- Requests that came after the transaction `after`, up to `upto`, with what they are counted by: what tells one
-- from another, and what the policy says of it, no sums have.
create or replace macro uncounted(after, upto) as table
select * exclude (
    trace_id, span_id, time, time_believed, received_time, duration, launch, sequence, output_label,
    runtime, delegate, threshold_version, release, placement, placement_inferred, answered_by, size_budget,
    audit_sampled, audit_probability, weight
)
from requests
where commit_number > after and commit_number <= upto
