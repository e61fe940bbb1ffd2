-- Requests: the newest requests, one row each, for the engineer on call.
-- dimensions: app environment feature release os device_model country network model runtime delegate threshold_version placement decision reason pseudonym hour day
-- time time: when it began, device time where it can be believed
-- feature text: AI feature
-- release text: service.version
-- decision text: what became of it
-- reason text: why it fell back or was blocked
-- confidence ratio: of the on-device model
-- threshold ratio: below it the app asks the cloud
-- os text: operating system
-- device_model text: device model identifier
-- network text: connection of the device
-- model text: on-device model
-- runtime text: on-device interpreter
-- delegate text: hardware the interpreter ran on
-- threshold_version text: version of the threshold
-- placement text: the plan: device, hybrid or cloud
-- country text: ISO country code the app reports
-- duration_ms ms: how long the person waited
-- late flag: arrived more than an hour after it began
-- trace_id text: opens the trace
select
    make_timestamp_ns(time) as time,
    feature,
    release,
    decision,
    reason,
    confidence,
    threshold,
    os,
    device_model,
    network,
    model,
    runtime,
    delegate,
    threshold_version,
    placement,
    country,
    duration / 1e6 as duration_ms,
    received_time - time > 3600000000000 as late,
    lower(hex(trace_id)) as trace_id
from requests r
where r.time >= $from and r.time < $to {where}
order by r.time desc, trace_id
limit 500
