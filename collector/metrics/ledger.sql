-- Ledger: departures, one row each, the newest first unless another order is asked for, a page at a time.
-- dimensions: app environment feature release os device_model country destination region role category purpose consent cause leg declaration trace hour day
-- time time: when it left, device time where it can be believed
-- app text: service.name
-- release text: service.version
-- feature text: AI feature
-- leg text: device (left the phone), onward (a back end passed it on), or unknown
-- cause text: fallback, design, audit or unknown
-- destination text: host the data went to; telemetry is Limen's own
-- owner text: who stands behind it, by the policy
-- role text: first_party, processor or third_party, by the policy
-- region text: region of the destination
-- category text: categories of data, as a set
-- purpose text: purpose the app states
-- consent text: consent as of its time, by the app's word or the history of consent
-- consent_from text: which of the two said it: span or history
-- consent_version text: version of the notice it was given under
-- consent_since time: since when it held
-- declared flag: the policy of its release names it; unknown where it cannot be told
-- bytes bytes: that left; unknown where nothing measured them or no answer came
-- measure text: which attribute the bytes come from
-- bytes_received bytes: size of the body as the other side saw it
-- retained flag: kept there longer than the request needed, by the other side, else by the policy
-- trained_on flag: a model was trained on it there
-- policy text: version of the policy that let the record in
-- trace_id text: the trace
select
    make_timestamp_ns(time) as time,
    app,
    release,
    feature,
    leg,
    cause,
    destination,
    owner,
    role,
    region,
    category,
    purpose,
    consent,
    consent_from,
    consent_version,
    make_timestamp_ns(consent_since) as consent_since,
    declared,
    bytes,
    measure,
    bytes_received,
    retained,
    trained_on,
    policy_version as policy,
    lower(hex(trace_id)) as trace_id
from (
    select
        *,
        lower(hex(trace_id)) as trace,
        case when declared then 'declared' when not declared then 'undeclared' else 'unknown' end
            as declaration
    from departures($from, $to, $traces)
) d
where true {where}
order by {order} d.time desc, trace_id, d.destination, d.span_id, d.bytes, d.category, d.app, d.release
limit $page offset $offset
