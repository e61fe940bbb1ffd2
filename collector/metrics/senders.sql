-- Senders: how many installations what left came from; counted one by one, which takes a while over long periods.
-- dimensions: app environment feature release os device_model country destination region role category purpose consent cause leg hour day
-- leg text: device (left the phone), onward (a back end passed it on), or unknown (an orphan of no known installation)
-- destination text: host the data went to; telemetry is Limen's own
-- declared flag: the policy of its release names it; unknown where it cannot be told
-- installations count: distinct pseudonyms
select
    leg,
    destination,
    declared,
    told(count(distinct installation), $k) as installations
    {by}
from {senders}
where true {where}
group by all
order by installations desc nulls last, destination, leg, declared {by}
