-- What Limen itself took off devices that was received in [since, until): a departure a request.
create or replace macro own_departures(since, until) as table
with taken as (
    select
        received_time as time, received_time, installation, app, environment, release, signal,
        policy_version, body_bytes as bytes, cast(1 as bigint) as n
    from batches
    where installation is not null and received_time >= since and received_time < until
)
from told_of_own('taken')
