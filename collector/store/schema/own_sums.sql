-- The same as sums by day, with when the first and the last of each was received.
create or replace macro own_sums(since, until) as table
with taken as (
    select
        day_of(received_time) as day, day_of(received_time) as received, app, environment, release,
        signal, policy_version, cast(sum(body_bytes) as bigint) as bytes, count(*) as n,
        min(received_time) as first, max(received_time) as last
    from batches
    where installation is not null and received_time >= since and received_time < until
    group by all
)
from told_of_own('taken')
