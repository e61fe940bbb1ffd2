-- The requests that an installation's SDK made here.
select received_time, signal, app, release, body_bytes, records
from batches
where list_contains($pseudonyms, installation)
order by received_time
