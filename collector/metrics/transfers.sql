-- Transfers: the same as egress without installations, from sums.
-- dimensions: app environment feature release os device_model country destination region role category purpose consent cause leg hour day
-- leg text: device (left the phone), onward (a back end passed it on), or unknown (an orphan of no known installation)
-- destination text: host the data went to; telemetry is Limen's own
-- region text: region of the destination
-- category text: categories of data, as a set
-- purpose text: purpose the app states
-- consent text: consent as of its time, by the app's word or the history of consent
-- cause text: fallback, design, audit or unknown
-- declared flag: the policy of its release names it; unknown where it cannot be told
-- measure text: which attribute the bytes come from
-- transfers count: sends, each resend is one
-- bytes bytes: bytes of the sends that were measured
-- unknown_bytes_transfers count: sends that failed or were not measured
select
    leg,
    destination,
    region,
    category,
    purpose,
    consent,
    cause,
    declared,
    measure,
    cast(sum(n) as bigint) as transfers,
    cast(sum(bytes) as bigint) as bytes,
    cast(sum(case when measure is null then n else 0 end) as bigint) as unknown_bytes_transfers
    {by}
from {departures}
where true {where}
group by all
having sum(n) > 0
order by bytes desc nulls last, destination, cause, category, purpose, consent, leg, region, declared, measure {by}
