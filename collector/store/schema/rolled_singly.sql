-- What rollup_departures holds one by one, with what it is summed by.
create or replace view rolled_singly as
from summable('rollup_departures')
