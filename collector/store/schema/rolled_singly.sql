-- What rollup_departures holds one by one, where it stands there, and with what it is summed by.
create or replace view rolled_singly as
with placed as (
    select *, rowid as place from rollup_departures
)
from summable('placed')
