-- The history of consent of an installation.
select time, received_time, purpose, state, version
from consents
where list_contains($pseudonyms, installation)
order by time, received_time
