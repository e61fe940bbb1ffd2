-- The ways data took out of the device, or on from a back end, and whether they are declared.
select
    feature, destination, region, category, purpose, consent, leg, declared,
    coalesce(release, 'unknown') as release,
    count(*) as transfers
from departures($from, $to, null)
where destination <> 'telemetry'
group by all
order by all
