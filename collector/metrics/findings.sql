-- Findings: what telemetry held that it should not, and the attributes that nobody names; never a value
-- dimensions: app release day
-- code text: CONTENT_IN_TELEMETRY, SECRET_IN_TELEMETRY, HARDWARE_ID_IN_TELEMETRY, SIGNATURE_IN_URL or UNKNOWN_ATTRIBUTE
-- place text: span, resource, scope, event, link or log
-- field text: attribute or part of the record; a key that is no plain name is not shown
-- detector text: what found it
-- value_type text: type of the values, where it is an attribute
-- policy text: version of the policy that was in force
-- occurrences count: how often it was seen
-- distinct_values count: about how many different values; at most 245, which stands for any more
-- first_seen time: first time received
-- last_seen time: last time received
select
    code,
    place,
    field,
    detector,
    max(value_type) as value_type,
    policy,
    cast(sum(occurrences) as bigint) as occurrences,
    told_apart(sketch, sum(occurrences)) as distinct_values,
    make_timestamp_ns(min(received_time)) as first_seen,
    make_timestamp_ns(max(received_time)) as last_seen
    {by}
from (
    select
        f.code, f.place, f.field, f.detector, f.value_type, f.occurrences, f.sketch,
        coalesce(f.app, 'unknown') as app, coalesce(f.release, 'unknown') as release,
        policy_version as policy, received_time, day_of(received_time) as day
    from (
        select unnest(findings) as f, policy_version, received_time
        from batches
        where received_time >= $from and received_time < $to and findings is not null
    )
)
where true {where}
group by all
order by occurrences desc, code, place, field, detector, policy {by}
