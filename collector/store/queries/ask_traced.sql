-- What left and is not rolled up is asked for where it is kept.
create temp macro traced_departures(since, until, only_traces, last, parts, part) as table
from traced where time >= since and time < until
