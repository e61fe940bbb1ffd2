-- Flows: what left, from feature to destination; a row is a ribbon of the flow picture.
-- dimensions: app environment feature release os device_model country destination region role category purpose consent cause leg hour day
-- leg text: device (left the phone), onward (a back end passed it on), or unknown (an orphan of no known installation)
-- feature text: AI feature
-- destination text: host the data went to; telemetry is Limen's own
-- declared flag: the policy of its release names it; unknown where it cannot be told
-- measure text: which attribute the bytes come from; unknown where nothing measured them
-- transfers count: sends, each resend is one
-- bytes bytes: bytes that these sends carried; unknown where nothing measured them
select
    leg,
    feature,
    destination,
    declared,
    measure,
    cast(sum(n) as bigint) as transfers,
    cast(sum(bytes) as bigint) as bytes
    {by}
from {departures}
where true {where}
group by all
having sum(n) > 0
order by transfers desc, feature, destination, declared, measure, leg {by}
